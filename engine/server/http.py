"""Serve HTTP/1.1 on a socket: bytes to request, response to bytes."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import anyio
from anyio.abc import SocketAttribute

from engine.server.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from anyio.abc import SocketListener, SocketStream, TaskGroup, TaskStatus

    from engine.server.response import Handler

_PAUSE_SECONDS = 0.01
_log = logging.getLogger(__name__)


async def serve(
    handler: Handler,
    *,
    token: str | None,
    host: str = "127.0.0.1",
    port: int = 0,
    task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Listen until cancelled; starts with the port (0 picks one).

    `token` is the user name that every request must carry, None lets all in. Requests that are cancelled with the
    server are answered with 503 `session is closing`.
    """
    async with await anyio.create_tcp_listener(local_host=host, local_port=port) as listener:
        task_status.started(listener.extra(SocketAttribute.local_port))  # noqa: S610 (no Django here)
        async with anyio.create_task_group() as group:
            for one in cast("Sequence[SocketListener]", listener.listeners):
                group.start_soon(_accept, one, group, partial(_converse, handler, token))


async def _accept(
    listener: SocketListener, group: TaskGroup, converse: Callable[[SocketStream], Coroutine[Any, Any, None]]
) -> None:
    while True:
        try:
            stream = await listener.accept()
        except OSError:  # it is gone again, or this process has too many open files at the moment
            await anyio.sleep(_PAUSE_SECONDS)
        else:
            group.start_soon(converse, stream)


async def _converse(handler: Handler, token: str | None, stream: SocketStream) -> None:
    async with stream:
        try:
            await Connection(stream, handler, token).run()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream):
            _log.debug("a client went away")
        except Exception:  # noqa: BLE001 (one connection must not end the others)
            _log.exception("a fault of the engine in a connection")
