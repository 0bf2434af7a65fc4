from __future__ import annotations

import re
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.process import Bind
from engine.errors import EngineError
from engine.executor.output import Capture
from engine.executor.runtime import OciRuntime
from engine.network.network import SessionNetwork

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.core.process import Process
    from engine.network.network import Place

    Make = Callable[..., Process]

pytestmark = pytest.mark.root

SERVER = "import http.server as h; h.ThreadingHTTPServer(('', {port}), h.SimpleHTTPRequestHandler).serve_forever()"
GET = "import sys, urllib.request as u; print(len(u.urlopen(sys.argv[1], timeout=5).read()) > 0)"


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[SessionNetwork]:
    async with SessionNetwork(tmp_path / "network") as network:
        yield network


class Box:
    """Runs commands at places of a network."""

    def __init__(self, process: Make, folder: Path) -> None:
        self._process = process
        self._runtime = OciRuntime(folder / "containers")

    def _at(self, place: Place, args: tuple[str, ...], hostname: str) -> Process:
        files = {"/etc/hosts": place.hosts, "/etc/resolv.conf": place.resolv_conf}
        mounts = tuple(Bind(source=source, target=target) for target, source in files.items())
        return self._process(*args, network_namespace=place.namespace, mounts=mounts, hostname=hostname)

    async def run(self, network: SessionNetwork, *args: str, **aliases: str) -> str:
        capture = Capture()
        async with network.join(hostname="dagger", aliases=aliases) as place:
            await self._runtime.run(self._at(place, args, "dagger"), capture)
        stdout, stderr, _ = capture.finish()
        return stdout.decode() or stderr.decode()

    @asynccontextmanager
    async def serve(self, network: SessionNetwork, name: str, port: int = 8000) -> AsyncIterator[Place]:
        async with network.join(hostname=name, aliases={}) as place:
            process = self._at(place, ("python3", "-c", SERVER.format(port=port)), name)
            async with self._runtime.start(process, Capture()):
                with anyio.fail_after(10):
                    while not await network.dial(place.address, port):  # noqa: ASYNC110
                        await anyio.sleep(0.02)
                network.publish(name, place.address)
                yield place
                network.withdraw(name)


@pytest.fixture
def box(process: Make, tmp_path: Path) -> Box:
    return Box(process, tmp_path)


async def test_containers_find_each_other_by_name_and_alias(network: SessionNetwork, box: Box) -> None:
    async with box.serve(network, "svc") as place:
        assert await box.run(network, "python3", "-c", GET, "http://svc:8000/") == "True\n"
        assert await box.run(network, "python3", "-c", GET, "http://www:8000/", www=place.address) == "True\n"
    assert await box.run(network, "getent", "hosts", "svc") == ""


async def test_two_services_use_the_same_port(network: SessionNetwork, box: Box) -> None:
    async with box.serve(network, "one"), box.serve(network, "two"):
        script = "getent hosts one two | wc -l; cut -c1-9 /etc/hosts | tail -2"
        assert await box.run(network, "sh", "-c", script) == "2\n10.87.0.2\n10.87.0.3\n"


async def test_a_container_that_runs_learns_new_names(network: SessionNetwork, box: Box) -> None:
    answers: list[str] = []

    async def ask() -> None:
        script = "for i in $(seq 100); do getent hosts late && exit; sleep 0.05; done"
        answers.append(await box.run(network, "sh", "-c", script))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await anyio.sleep(0.3)
        network.publish("late", "10.87.9.9")
    assert answers == ["10.87.9.9       late late.dagger.local\n"]


async def test_a_container_knows_its_own_name(network: SessionNetwork, box: Box) -> None:
    script = "hostname; getent ahostsv4 dagger | head -1 | cut -d' ' -f1; cut -d: -f1 /proc/net/dev | tail -n +3"
    assert sorted((await box.run(network, "sh", "-c", script)).split()) == ["127.0.0.1", "dagger", "eth0", "lo"]


async def test_dial_tells_who_listens(network: SessionNetwork, box: Box) -> None:
    async with box.serve(network, "svc") as place:
        assert await network.dial(place.address, 8000)
        assert not await network.dial(place.address, 8001)
    begun = time.monotonic()
    assert not await network.dial("10.87.77.77", 80)
    assert time.monotonic() - begun < 2


async def test_a_tunnel_leads_from_the_host_to_a_container(network: SessionNetwork, box: Box) -> None:
    async with box.serve(network, "svc") as place:
        async with network.tunnel(0, place.address, 8000) as port:
            assert await _get(port) == b"HTTP/1.0 200 OK"
            with pytest.raises(EngineError) as raised:
                async with network.tunnel(port, place.address, 8000):
                    pass
            assert str(raised.value) == (f"host to container: listen tcp 0.0.0.0:{port}: bind: address already in use")
        with pytest.raises(OSError, match=r"attempts failed|refused"):
            await _get(port)


async def test_an_error_in_a_tunnels_context_stays_what_it_is(network: SessionNetwork) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with network.tunnel(0, "10.87.0.9", 80):
            raise KeyError("mine")


async def test_a_container_reaches_a_port_of_the_host(network: SessionNetwork, box: Box) -> None:
    async def answer(client: anyio.abc.SocketStream) -> None:
        async with client:
            await client.receive()
            await client.send(b"HTTP/1.0 200 OK\r\n\r\nfrom the host")

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, answer)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with network.reverse([(80, "localhost", port), (81, "127.0.0.1", port)]) as address:
            for frontend in (80, 81):
                assert await box.run(network, "python3", "-c", GET, f"http://{address}:{frontend}/") == "True\n"
        assert not await network.dial(address, 80)
        group.cancel_scope.cancel()


async def test_sessions_do_not_reach_each_other(network: SessionNetwork, box: Box, tmp_path: Path) -> None:
    async with SessionNetwork(tmp_path / "other") as other, box.serve(network, "svc") as place:
        assert await network.dial(place.address, 8000)
        assert not await other.dial(place.address, 8000)
        assert await box.run(other, "getent", "hosts", "svc") == ""


async def test_nothing_is_left(tmp_path: Path, box: Box) -> None:
    before = _links(), _forwards()
    folder = tmp_path / "network"
    with anyio.move_on_after(1.0) as scope:
        async with (
            SessionNetwork(folder) as network,
            box.serve(network, "svc") as place,
            network.tunnel(0, place.address, 8000),
            network.reverse([(80, "localhost", 1)]),
        ):
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert not folder.exists()
    assert (_links(), _forwards()) == before


async def test_places_are_taken_away_one_by_one(network: SessionNetwork) -> None:
    for _ in range(3):
        async with network.join(hostname="dagger", aliases={}):
            pass
    with anyio.fail_after(5):
        while any(name.startswith("veth") for name in network._session.call(_links)):  # noqa: ASYNC110
            await anyio.sleep(0.02)
    assert sorted(path.name for path in network._folder.iterdir()) == ["resolv.conf", "session"]


@pytest.mark.parametrize("delay", [0.0, 0.001, 0.004, 0.008])
async def test_cancelling_a_join_leaves_nothing(network: SessionNetwork, delay: float) -> None:
    with anyio.move_on_after(delay):
        async with network.join(hostname="dagger", aliases={}):
            await anyio.sleep_forever()
    assert sorted(path.name for path in network._folder.iterdir()) == ["resolv.conf", "session"]


async def test_many_join_at_once(network: SessionNetwork, box: Box) -> None:
    outs: list[str] = []

    async def one() -> None:
        outs.append(await box.run(network, "cat", "/proc/net/fib_trie"))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(one)
    own = [set(re.findall(r"(\S+)\n\s+/32 host LOCAL", out)) - {"127.0.0.1"} for out in outs]
    assert sorted(map(len, own)) == [1] * 8
    assert len(set[str]().union(*own)) == 8


@pytest.mark.network
async def test_the_world_is_reached_through_the_host(network: SessionNetwork, box: Box) -> None:
    mirror = _debian_mirror()
    assert await box.run(network, "getent", "hosts", mirror.split("/")[2]) != ""
    assert await box.run(network, "python3", "-c", GET, f"{mirror}/dists/stable/Release") == "True\n"


def _debian_mirror() -> str:
    """Where this machine has its Debian packages from: http://HOST/PATH."""
    lists = [*Path("/etc/apt").glob("sources.list*"), *Path("/etc/apt/sources.list.d").glob("*")]
    text = "\n".join(path.read_text() for path in lists if path.is_file())
    found = re.search(r"http://[\w.-]+/debian\b", text)
    assert found, "no Debian mirror is named in /etc/apt"
    return found[0]


def _forwards() -> str:
    return Path("/proc/sys/net/ipv4/ip_forward").read_text()


def _links() -> list[str]:
    return [line.split(":")[0].strip() for line in Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]]


async def _get(port: int) -> bytes:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(b"GET / HTTP/1.0\r\n\r\n")
        return (await stream.receive()).splitlines()[0]
