"""Wait for the reason to stop: a signal, or the end of standard input."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    import signal
    from collections.abc import AsyncIterator, Collection

_CHUNK = 4096


async def until_told_to_stop(stdin: int | None, signals: Collection[signal.Signals]) -> None:
    """Return at end of file on the descriptor `stdin`, or at one of the signals; a second signal kills."""
    with anyio.open_signal_receiver(*signals) as received:
        async with anyio.create_task_group() as group:
            group.start_soon(_until_signal, received, group.cancel_scope)
            if stdin is not None:
                await _until_end_of_file(stdin)
                group.cancel_scope.cancel()


async def _until_signal(received: AsyncIterator[signal.Signals], scope: anyio.CancelScope) -> None:
    async for _ in received:
        scope.cancel()
        return


async def _until_end_of_file(descriptor: int) -> None:
    while True:
        try:
            await anyio.wait_readable(descriptor)
        except PermissionError:
            pass  # a file or /dev/null, which epoll does not take: it never keeps a reader waiting
        except OSError:
            return  # closed from the start
        try:
            if not os.read(descriptor, _CHUNK):
                return
        except OSError:
            return
