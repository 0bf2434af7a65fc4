from __future__ import annotations

import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.errors import EngineError
from engine.network.tunnel import forward, listen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from anyio.abc import SocketStream


@asynccontextmanager
async def _echo(handle: Callable[[SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    """A tunnel in front of a server; gives the tunnel's port."""
    server = await anyio.create_tcp_listener(local_host="127.0.0.1")
    behind = server.extra(anyio.abc.SocketAttribute.local_port)
    listener = socket.socket()
    port = listen(listener, "127.0.0.1", 0)
    async with server, anyio.create_task_group() as group:
        group.start_soon(server.serve, handle)
        group.start_soon(forward, listener, lambda: anyio.connect_tcp("127.0.0.1", behind))
        yield port
        group.cancel_scope.cancel()


async def _answer_after_the_end(client: SocketStream) -> None:
    async with client:
        said = b"".join([data async for data in client])
        await client.send(b"got %d" % len(said))


async def _greet(client: SocketStream) -> None:
    async with client:
        await client.send(b"hello")
        await anyio.sleep_forever()


async def _read(stream: SocketStream) -> bytes:
    return b"".join([data async for data in stream])


async def test_the_end_of_one_direction_is_passed_on_and_the_other_stays_open() -> None:
    async with _echo(_answer_after_the_end) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(b"x" * 1_000_000)
        await stream.send_eof()
        assert await _read(stream) == b"got 1000000"


async def test_connections_do_not_wait_for_each_other() -> None:
    async with (
        _echo(_answer_after_the_end) as port,
        await anyio.connect_tcp("127.0.0.1", port) as idle,
        await anyio.connect_tcp("127.0.0.1", port) as stream,
    ):
        await stream.send_eof()
        assert await _read(stream) == b"got 0"
        await idle.send_eof()
        assert await _read(idle) == b"got 0"


async def test_nobody_behind_closes_the_connection() -> None:
    listener = socket.socket()
    port = listen(listener, "127.0.0.1", 0)

    async def refuse() -> SocketStream:
        raise ConnectionRefusedError

    async with anyio.create_task_group() as group:
        group.start_soon(forward, listener, refuse)
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            assert await _read(stream) == b""
        group.cancel_scope.cancel()


async def test_cancelling_closes_the_listener_and_its_connections() -> None:
    async with _echo(_greet) as port:
        stream = await anyio.connect_tcp("127.0.0.1", port)
        assert await stream.receive() == b"hello"
    async with stream:
        with anyio.fail_after(2):
            with suppress(anyio.BrokenResourceError):
                assert await _read(stream) == b""
    with pytest.raises(OSError, match=r"All connection attempts failed|refused"):
        await anyio.connect_tcp("127.0.0.1", port)


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as first, socket.socket() as second:
        port = listen(first, "127.0.0.1", 0)
        with pytest.raises(EngineError) as raised:
            listen(second, "127.0.0.1", port)
    assert str(raised.value) == f"listen tcp 127.0.0.1:{port}: bind: address already in use"
