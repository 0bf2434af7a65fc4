"""Serve an engine from its opening to the reason to stop: a signal, or the end of standard input."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING

import anyio

from engine.errors import HostError
from engine.server.http import serve
from engine.wiring import open_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from anyio.abc import TaskStatus

    from engine.server.response import Handler
    from engine.settings import EngineSettings

_CHUNK = 4096


async def serve_until_told_to_stop(
    settings: EngineSettings,
    *,
    token: str | None,
    announce: Callable[[int], None],
    stdin: int | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> int:
    """Serve until SIGINT, SIGTERM, or end of file on the descriptor `stdin`; `announce` gets the port.

    Gives the exit code. A signal that comes while the engine opens stops it as soon as it is open.
    """
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with open_engine(settings) as handler, anyio.create_task_group() as group:
            announce(await group.start(partial(_listen, handler, token=token, host=host, port=port)))
            await _until_told_to_stop(signals, stdin)
            group.cancel_scope.cancel()
    return 0


async def _listen(handler: Handler, *, token: str | None, host: str, port: int, task_status: TaskStatus[int]) -> None:
    try:
        await serve(handler, token=token, host=host, port=port, task_status=task_status)
    except OSError as error:
        raise HostError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error


async def _until_told_to_stop(signals: AsyncIterator[signal.Signals], stdin: int | None) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(_until_signal, signals, group.cancel_scope)
        if stdin is not None:
            await _until_end_of_file(stdin)
            group.cancel_scope.cancel()


async def _until_signal(signals: AsyncIterator[signal.Signals], scope: anyio.CancelScope) -> None:
    async for _ in signals:
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
