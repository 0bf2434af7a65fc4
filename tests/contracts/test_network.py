"""What every implementation of Network does."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.tree import Owner
from engine.errors import EngineError
from engine.network.network import SessionNetwork
from tests.fakes.network import FakeNetwork

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from anyio.abc import SocketStream

    from engine.solver.ports import Joined, Network

PORT = 8077
SERVER = """
import socket, sys
with socket.create_server((sys.argv[1], int(sys.argv[2]))) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"hello")
"""


@pytest.fixture(params=["fake", pytest.param("bridge", marks=pytest.mark.root)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def network(kind: str, tmp_path: Path) -> AsyncIterator[Network]:
    if kind == "fake":
        yield FakeNetwork(tmp_path / "network")
    else:
        async with SessionNetwork(tmp_path / "network") as network:
            yield network


@asynccontextmanager
async def _serving(kind: str, network: Network) -> AsyncIterator[Joined]:
    """Have a container that says hello to who connects to PORT."""
    async with network.join(hostname="server", aliases={}) as place:
        enter = [] if kind == "fake" else ["nsenter", f"--net={place.namespace}"]
        with subprocess.Popen([*enter, sys.executable, "-c", SERVER, place.address, str(PORT)]) as server:  # noqa: ASYNC220
            try:
                with anyio.fail_after(10):
                    while not await network.dial(place.address, PORT):  # noqa: ASYNC110 - another process's doing
                        await anyio.sleep(0.02)
                yield place
            finally:
                server.kill()


async def _said(port: int, host: str = "127.0.0.1") -> bytes:
    async with await anyio.connect_tcp(host, port) as stream:
        return await stream.receive()


async def test_every_place_has_an_address_of_its_own(network: Network) -> None:
    async with network.join(hostname="a", aliases={}) as one, network.join(hostname="b", aliases={}) as other:
        assert one.address != other.address
        assert one.hosts != other.hosts
        assert one.resolv_conf.is_file()


async def test_a_place_knows_itself_and_its_aliases(network: Network) -> None:
    async with network.join(hostname="dagger", aliases={"www": "10.1.2.3"}) as place:
        lines = [line.split() for line in place.hosts.read_text().splitlines()]
        assert ["127.0.0.1", "localhost", "dagger"] in lines
        assert ["10.1.2.3", "www"] in lines


async def test_a_published_name_is_known_to_all_until_it_is_withdrawn(network: Network) -> None:
    async with network.join(hostname="a", aliases={}) as before:
        network.publish("db", "10.1.2.3")
        async with network.join(hostname="b", aliases={}) as after:
            for place in (before, after):
                assert ["10.1.2.3", "db"] in [line.split()[:2] for line in place.hosts.read_text().splitlines()]
            network.withdraw("db")
            network.withdraw("never known")
            for place in (before, after):
                assert "db" not in place.hosts.read_text()


async def test_a_dial_tells_whether_something_listens(kind: str, network: Network) -> None:
    async with _serving(kind, network) as place:
        assert await network.dial(place.address, PORT)
        assert not await network.dial(place.address, PORT + 1)


async def test_a_tunnel_leads_to_a_container_until_it_is_left(kind: str, network: Network) -> None:
    async with _serving(kind, network) as place:
        async with network.tunnel(0, place.address, PORT) as port:
            assert await _said(port) == b"hello"
        with pytest.raises(OSError, match=r"refused|failed"):
            await _said(port)


async def test_a_tunnel_on_a_port_in_use_is_refused(network: Network) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy, pytest.raises(EngineError, match="in use"):
        async with network.tunnel(busy.getsockname()[1], "127.0.0.1", 1):
            pass


async def test_a_way_out_leads_to_the_host(kind: str, network: Network) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER, "127.0.0.1", str(PORT + 2)]) as server:  # noqa: ASYNC220
        try:
            async with network.reverse([(PORT, "127.0.0.1", PORT + 2)]) as address:
                assert await network.dial(address, PORT)
        finally:
            server.kill()


async def test_a_relay_leads_to_a_socket_of_the_host(network: Network, tmp_path: Path) -> None:
    async def greet(stream: SocketStream) -> None:
        async with stream:
            await stream.send(b"hello")

    async with await anyio.create_unix_listener(tmp_path / "s") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, greet)
        async with network.relay(tmp_path / "s", owner=Owner(uid=0, gid=0)) as path:
            async with await anyio.connect_unix(path) as stream:
                assert await stream.receive() == b"hello"
                with pytest.raises(anyio.EndOfStream):
                    await stream.receive()
            await anyio.sleep(0.05)  # the end of the connection is passed on
        group.cancel_scope.cancel()


async def test_a_relay_to_a_socket_that_is_missing_is_refused(network: Network, tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        async with network.relay(tmp_path / "nope", owner=Owner(uid=0, gid=0)):
            pass


async def test_an_error_of_the_caller_stays_what_it_is(network: Network) -> None:
    with pytest.raises(KeyError):
        async with network.tunnel(0, "127.0.0.1", 1), network.reverse([(PORT, "127.0.0.1", 1)]):
            raise KeyError
