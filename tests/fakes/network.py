"""A session's network on the loopback interface of the host: every container has an address, none a namespace."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from anyio.abc import ByteStream

    from engine.core.tree import Owner


@dataclass(frozen=True, kw_only=True)
class FakePlace:
    """Where a container would be."""

    namespace: Path
    address: str
    hosts: Path
    resolv_conf: Path


class FakeNetwork:
    """Containers are told apart by addresses in 127.0.0.0/8."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._second, self._last = os.getpid() % 250 + 1, 0
        self._files: dict[Path, str] = {}
        self.published: dict[str, str] = {}

    @asynccontextmanager
    async def join(self, *, hostname: str, aliases: Mapping[str, str]) -> AsyncIterator[FakePlace]:
        address = self._address()
        hosts, resolv_conf = self._folder / f"hosts {address}", self._folder / f"resolv.conf {address}"
        resolv_conf.touch()
        lines = [f"127.0.0.1 localhost {hostname}", *(f"{to} {alias}" for alias, to in aliases.items())]
        self._files[hosts] = "\n".join(lines)
        self._write()
        yield FakePlace(namespace=self._folder / "namespace", address=address, hosts=hosts, resolv_conf=resolv_conf)
        del self._files[hosts]

    def publish(self, name: str, address: str) -> None:
        self.published[name] = address
        self._write()

    def withdraw(self, name: str) -> None:
        self.published.pop(name, None)
        self._write()

    async def dial(self, address: str, port: int) -> bool:
        with anyio.move_on_after(1), suppress(OSError):
            async with await anyio.connect_tcp(address, port):
                return True
        return False

    @asynccontextmanager
    async def tunnel(self, frontend: int, address: str, backend: int) -> AsyncIterator[int]:
        async with _forwarding("127.0.0.1", frontend, address, backend) as port:
            yield port

    @asynccontextmanager
    async def reverse(self, ports: Sequence[tuple[int, str, int]]) -> AsyncIterator[str]:
        address = self._address()
        async with AsyncExitStack() as stack:
            for frontend, host, port in ports:
                await stack.enter_async_context(_forwarding(address, frontend, host, port))
            yield address

    @asynccontextmanager
    async def relay(self, target: Path, *, owner: Owner) -> AsyncIterator[Path]:
        if not target.is_socket():  # noqa: ASYNC240
            raise EngineError(f"{target} is not a socket")
        yield target

    def _address(self) -> str:
        self._last += 1
        return f"127.{self._second}.0.{self._last}"

    def _write(self) -> None:
        for path, text in self._files.items():
            lines = [text, *(f"{address} {name}" for name, address in self.published.items())]
            path.write_text("\n".join(lines) + "\n")


@asynccontextmanager
async def _forwarding(host: str, port: int, to_host: str, to_port: int) -> AsyncIterator[int]:
    async def serve(client: ByteStream) -> None:
        async with client:
            with suppress(OSError):
                async with await anyio.connect_tcp(to_host, to_port) as server, anyio.create_task_group() as group:
                    group.start_soon(_copy, client, server)
                    group.start_soon(_copy, server, client)

    try:
        listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
    except OSError as error:
        raise EngineError(f"listen tcp {host}:{port}: bind: {error.strerror}") from error
    # A task rather than a task group, which would wrap the caller's own errors.
    serving = asyncio.create_task(listener.serve(serve))
    try:
        yield int(listener.extra(anyio.abc.SocketAttribute.local_port))
    finally:
        serving.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait([serving])
            await listener.aclose()


async def _copy(source: ByteStream, target: ByteStream) -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async for data in source:
            await target.send(data)
        await target.send_eof()
