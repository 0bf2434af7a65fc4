"""The network of one session: a bridge in a namespace of its own, and everything that is plugged into it."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

import anyio
from anyio import to_thread

from engine.errors import EngineError
from engine.network.addresses import Addresses
from engine.network.bridge import (
    SUBNET,
    bridge_messages,
    container_messages,
    extra_address,
    no_extra_address,
    plug_messages,
)
from engine.network.names import Names
from engine.network.namespaces import Namespace
from engine.network.tunnel import forward, listen, stream_of
from engine.network.unix_sockets import check_socket, connect_unix, listen_unix
from engine.network.uplink import RESOLVER, uplink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from anyio.abc import SocketStream, TaskGroup

    from engine.core.tree import Owner
    from engine.network.tunnel import Connect

_DIAL_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A container's place in the network (the solver's `Joined`)."""

    namespace: Path
    address: str
    hosts: Path
    resolv_conf: Path


class SessionNetwork:
    """A session's network (the solver's `Network`), as a context: up inside, and nothing of it is left afterwards.

    All of it is in namespaces held below `folder`. Must run in the engine's own mount namespace; the host's firewall,
    routes and settings are never changed.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is the session's own, on a local file system; it is made and removed."""
        self._folder = folder
        self._addresses = Addresses(SUBNET)
        self._names = Names()
        self._places = 0
        self._relays = 0
        self._session = Namespace(folder / "session")
        self._resources = ExitStack()
        self._tasks: TaskGroup

    async def __aenter__(self) -> Self:
        try:
            await to_thread.run_sync(self._set_up)
        except BaseException:
            self._resources.close()
            raise
        self._tasks = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._tasks.cancel_scope.cancel()
        try:
            # The body's own error is not the tasks' concern: given to the group, it would come out wrapped.
            await self._tasks.__aexit__(None, None, None)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._resources.close)

    def _set_up(self) -> None:
        resources = self._resources
        self._folder.mkdir(parents=True)
        resources.callback(shutil.rmtree, self._folder, ignore_errors=True)
        self._session = Namespace.create(self._folder / "session")
        resources.callback(self._session.remove)
        self._session.send(bridge_messages())
        connected = resources.enter_context(uplink(self._session))
        # An empty file rather than a resolver that never answers: a look-up then fails at once.
        (self._folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\n" if connected else "")

    @asynccontextmanager
    async def join(self, *, hostname: str, aliases: Mapping[str, str]) -> AsyncIterator[Place]:
        """Make a place for one container; `aliases` are extra names → addresses."""
        self._places += 1
        number, address = self._places, self._addresses.take()
        resources = ExitStack()
        resources.callback(self._addresses.free, address)
        try:
            place = await to_thread.run_sync(self._plug, number, address, resources)
            resources.enter_context(self._names.file(place.hosts, hostname, aliases))
            yield place
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(resources.close)

    def _plug(self, number: int, address: str, resources: ExitStack) -> Place:
        folder = self._folder / str(number)
        folder.mkdir()
        resources.callback(shutil.rmtree, folder, ignore_errors=True)
        namespace = Namespace.create(folder / "namespace")
        resources.callback(namespace.remove)
        with namespace.opened() as descriptor:
            self._session.send(plug_messages(f"veth{number}", descriptor))
        namespace.send(container_messages(address))
        # A copy for each, as a container may write to its own.
        shutil.copyfile(self._folder / "resolv.conf", folder / "resolv.conf")
        (folder / "resolv.conf").chmod(0o644)
        return Place(
            namespace=namespace.path, address=address, hosts=folder / "hosts", resolv_conf=folder / "resolv.conf"
        )

    def publish(self, name: str, address: str) -> None:
        """Make a name known to all containers of the session, those that run too."""
        self._names.publish(name, address)

    def withdraw(self, name: str) -> None:
        """Take a name back."""
        self._names.withdraw(name)

    async def dial(self, address: str, port: int) -> bool:
        """Whether a TCP connection to a container succeeds within one second."""
        with anyio.move_on_after(_DIAL_SECONDS):
            try:
                async with await self._connect(address, port):
                    return True
            except OSError:
                return False
        return False

    async def _connect(self, address: str, port: int) -> SocketStream:
        sock = self._session.socket()
        try:
            error = sock.connect_ex((address, port))
            if error == errno.EINPROGRESS:
                await anyio.wait_writable(sock)
                error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error), f"{address}:{port}")  # noqa: TRY301 (closes what it made)
            return await stream_of(sock)
        except BaseException:
            sock.close()
            raise

    @asynccontextmanager
    async def tunnel(self, frontend: int, address: str, backend: int) -> AsyncIterator[int]:
        """Listen on the host (0 picks a port; gives the port) and forward to a container."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            try:
                port = listen(listener, "0.0.0.0", frontend)  # noqa: S104 (as Dagger does)
            except EngineError as error:
                raise EngineError(f"host to container: {error}") from error
            async with self._forwarding([(listener, lambda: self._connect(address, backend))]):
                yield port

    @asynccontextmanager
    async def reverse(self, ports: Sequence[tuple[int, str, int]]) -> AsyncIterator[str]:
        """Give an address inside whose (frontend) ports lead to (host, port) as the host reaches them."""
        address = self._addresses.take()
        with ExitStack() as resources:
            resources.callback(self._addresses.free, address)
            self._session.send([extra_address(address)])
            resources.callback(self._session.send, [no_extra_address(address)])
            routes: list[tuple[socket.socket, Connect]] = []
            for frontend, host, port in ports:
                listener = resources.enter_context(self._session.socket())
                listen(listener, address, frontend)
                routes.append((listener, partial(_connect_from_host, host, port)))
            async with self._forwarding(routes):
                yield address

    @asynccontextmanager
    async def relay(self, target: Path, *, owner: Owner) -> AsyncIterator[Path]:
        """Have a socket, its owner's alone, that leads to one of the host; raises EngineError when that is missing."""
        check_socket(target)
        self._relays += 1
        path = self._folder / f"socket{self._relays}"
        with listen_unix(path, owner) as listener:
            try:
                async with self._forwarding([(listener, lambda: connect_unix(target))]):
                    yield path
            finally:
                path.unlink()

    @asynccontextmanager
    async def _forwarding(self, routes: Sequence[tuple[socket.socket, Connect]]) -> AsyncIterator[None]:
        """Serve listeners within the context, by tasks of the network: the caller's errors stay what they are."""
        scope, ended = anyio.CancelScope(), anyio.Event()

        async def serve() -> None:
            try:
                with scope:
                    async with anyio.create_task_group() as group:
                        for listener, connect in routes:
                            group.start_soon(forward, listener, connect)
            finally:
                ended.set()

        self._tasks.start_soon(serve)
        try:
            yield
        finally:
            scope.cancel()
            with anyio.CancelScope(shield=True):
                await ended.wait()


async def _connect_from_host(host: str, port: int) -> SocketStream:
    return await anyio.connect_tcp(host, port)
