"""Forward TCP connections from a listening socket to wherever a function connects."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
from anyio.abc import SocketStream, UNIXSocketStream

from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Connect = Callable[[], Awaitable[SocketStream]]

_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)
_SECONDS_TO_ANSWER = 10.0
_BACKLOG = 128
_PAUSE_SECONDS = 0.01


def listen(sock: socket.socket, address: str, port: int) -> int:
    """Bind and listen; gives the port, which 0 leaves to the kernel. Raises EngineError as Dagger words it."""
    sock.setblocking(False)  # noqa: FBT003
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((address, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        what = "address already in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error)).lower()
        raise EngineError(f"listen tcp {address}:{port}: bind: {what}") from error
    bound: int = sock.getsockname()[1]
    return bound


async def forward(listener: socket.socket, connect: Connect) -> None:
    """Serve a listening socket until cancelled; closes it and all its connections then."""
    with listener:
        async with anyio.create_task_group() as group:
            while True:
                await anyio.wait_readable(listener)
                try:
                    client, _ = listener.accept()
                except OSError:  # it is gone again, or this process has too many open files at the moment
                    await anyio.sleep(_PAUSE_SECONDS)
                else:
                    group.start_soon(_serve, client, connect)


async def stream_of(sock: socket.socket) -> SocketStream:
    """Give the stream of a connected socket; closes the socket when that fails or is cancelled."""
    try:
        sock.setblocking(False)  # noqa: FBT003
        kind = UNIXSocketStream if sock.family == socket.AF_UNIX else SocketStream
        return await kind.from_socket(sock)
    except BaseException:
        sock.close()
        raise


async def _serve(client: socket.socket, connect: Connect) -> None:
    async with await stream_of(client) as near:
        try:
            with anyio.fail_after(_SECONDS_TO_ANSWER):
                far = await connect()
        except (OSError, TimeoutError):
            return
        async with far, anyio.create_task_group() as group:
            group.start_soon(_pass_on, near, far)
            group.start_soon(_pass_on, far, near)


async def _pass_on(source: SocketStream, target: SocketStream) -> None:
    """Copy until the source has nothing more to say, then say so to the target, which may go on talking."""
    with suppress(*_BROKEN):
        async for data in source:
            await target.send(data)
    with suppress(*_BROKEN):
        await target.send_eof()
