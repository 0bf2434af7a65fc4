"""How each kind of service runs."""

from __future__ import annotations

import socket
import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.image_config import Healthcheck
from engine.core.port import Port, PortForward, Protocol
from engine.core.service import ContainerService, HostService, TunnelService
from engine.errors import EngineError, ExecError
from tests.fakes.engine import EMPTY_CONTAINER, FakeEngine, fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.core.container import Container

PORT = 8079
MILLISECOND = 1_000_000
# A fake container is not alone: it listens at the address that the network gave to it, the newest one.
SERVER = f"""
import pathlib, socket, sys, time
time.sleep(float(sys.argv[1]))
address = sorted(pathlib.Path({{folder!r}}).glob("hosts *"), key=lambda path: path.stat().st_mtime)[-1].name.split()[1]
with socket.create_server((address, {PORT})) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"hello")
"""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[FakeEngine]:
    async with fake_engine(tmp_path) as engine:
        yield engine


@pytest.fixture
def server(tmp_path: Path) -> ContainerService:
    program = SERVER.format(folder=str(tmp_path / "network"))
    container = replace(EMPTY_CONTAINER, ports=(Port(port=PORT),))
    return ContainerService(container=container, args=(sys.executable, "-c", program, "0.2"))


def _service(script: str, container: Container = EMPTY_CONTAINER, **options: object) -> ContainerService:
    return ContainerService(container=container, args=("sh", "-c", script), **options)  # type: ignore[arg-type]


def _checked(script: str, **options: object) -> Container:
    check = Healthcheck(test=("CMD-SHELL", script), **options)  # type: ignore[arg-type]
    return EMPTY_CONTAINER.with_config(healthcheck=check)


async def test_a_service_is_healthy_when_its_ports_are_open(engine: FakeEngine, server: ContainerService) -> None:
    with anyio.fail_after(20):
        async with engine.services.held(server) as instance:
            assert await engine.network.dial(instance.address, PORT)


@pytest.mark.parametrize(
    "port",
    [Port(port=9, experimental_skip_healthcheck=True), Port(port=9, protocol=Protocol.UDP)],
)
async def test_a_port_that_is_not_to_be_checked_is_not_waited_for(engine: FakeEngine, port: Port) -> None:
    with anyio.fail_after(5):
        async with engine.services.held(_service("sleep 60", replace(EMPTY_CONTAINER, ports=(port,)))):
            pass


async def test_ports_that_only_the_image_exposes_are_not_waited_for(engine: FakeEngine) -> None:
    with anyio.fail_after(5):
        async with engine.services.held(_service("sleep 60", EMPTY_CONTAINER.with_config(exposed_ports=("9/tcp",)))):
            pass


async def test_a_name_is_known_while_the_service_runs(engine: FakeEngine) -> None:
    service = _service("sleep 60", custom_hostname="db")
    async with engine.services.held(service) as instance:
        assert engine.network.published["db"] == instance.address
    await engine.services.stop(service)
    assert "db" not in engine.network.published


async def test_a_healthcheck_decides_when_there_is_one(engine: FakeEngine, tmp_path: Path) -> None:
    up = tmp_path / "up"
    container = replace(_checked(f"test -e {up}", interval=MILLISECOND, retries=10_000), ports=(Port(port=9),))
    service = _service(f"sleep 0.2; touch {up}; sleep 60", container)
    with anyio.fail_after(10):
        async with engine.services.held(service):
            assert up.exists()


@pytest.mark.parametrize(("retries", "tried"), [(0, 3), (1, 1), (5, 5)])
async def test_a_healthcheck_is_tried_so_many_times(
    engine: FakeEngine, tmp_path: Path, retries: int, tried: int
) -> None:
    log = tmp_path / "log"
    container = _checked(f"echo sick >&2; echo x >> {log}; exit 7", interval=MILLISECOND, retries=retries)
    with anyio.fail_after(10), pytest.raises(ExecError, match="exit code: 7") as caught:
        await engine.services.start(_service("sleep 60", container))
    assert caught.value.stderr == "sick\n"
    assert log.read_text() == "x\n" * tried


async def test_failures_of_the_start_period_do_not_count(engine: FakeEngine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    options = {"retries": 1, "start_period": 300 * MILLISECOND, "start_interval": 10 * MILLISECOND, "interval": 1}
    with anyio.fail_after(10), pytest.raises(ExecError):
        await engine.services.start(_service("sleep 60", _checked(f"echo x >> {log}; exit 7", **options)))
    assert len(log.read_text()) > len("x\n")


async def test_a_healthcheck_that_was_taken_away_is_an_error(engine: FakeEngine) -> None:
    container = EMPTY_CONTAINER.with_config(healthcheck=Healthcheck(test=("NONE",)))
    with pytest.raises(EngineError, match="failed to setup docker healthcheck: container does not have a healthcheck"):
        await engine.services.start(_service("sleep 60", container))


async def test_the_output_of_a_service_that_failed_is_whole(engine: FakeEngine) -> None:
    container = replace(EMPTY_CONTAINER, ports=(Port(port=9),))
    with pytest.raises(ExecError, match=r"^exit code: 42$") as caught:
        await engine.services.start(_service("echo ' out '; echo err >&2; exit 42", container))
    assert (caught.value.stdout, caught.value.stderr) == (" out \n", "err\n")
    assert caught.value.command == ["sh", "-c", "echo ' out '; echo err >&2; exit 42"]


async def test_a_service_that_ends_well_was_not_ready_either(engine: FakeEngine) -> None:
    container = replace(EMPTY_CONTAINER, ports=(Port(port=9),))
    with pytest.raises(EngineError, match=r"^service exited before healthcheck$"):
        await engine.services.start(_service("exit 0", container))


async def test_the_services_of_a_service_start_first(engine: FakeEngine) -> None:
    below = _service("sleep 60", custom_hostname="below")
    above = _service("sleep 60", replace(EMPTY_CONTAINER, bindings=(("db", below),)))
    async with engine.services.held(above):
        assert engine.services.running(below)
        assert "below" in engine.network.published


async def test_a_stopped_service_gets_sigterm_first(engine: FakeEngine, tmp_path: Path) -> None:
    service = _service(f"trap 'touch {tmp_path}/ended; exit 0' TERM; touch {tmp_path}/up; sleep 60 & wait")
    await engine.services.start(service)
    with anyio.fail_after(5):
        while not (tmp_path / "up").exists():  # noqa: ASYNC110 - another process's doing
            await anyio.sleep(0.01)
        await engine.services.stop(service)
    assert (tmp_path / "ended").exists()


async def _said(port: int) -> bytes:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        return await stream.receive()


async def test_a_tunnel_leads_from_the_host_to_a_service(engine: FakeEngine, server: ContainerService) -> None:
    tunnel = TunnelService(upstream=server, forwards=(PortForward(backend=PORT),))
    with anyio.fail_after(20):
        async with engine.services.held(tunnel) as instance:
            assert instance.address == "127.0.0.1"
            assert instance.live
            (port,) = instance.live.frontends
            assert await _said(port) == b"hello"


async def test_a_tunnel_ends_with_its_service(engine: FakeEngine, server: ContainerService) -> None:
    tunnel = TunnelService(upstream=server, forwards=(PortForward(backend=PORT),))
    with anyio.fail_after(20):
        async with engine.services.held(tunnel) as instance:
            await engine.services.stop(server)
            await instance.ended.wait()
    assert engine.services.running(tunnel) is None


async def test_a_tunnel_that_is_stopped_lets_its_service_go(engine: FakeEngine, server: ContainerService) -> None:
    tunnel = TunnelService(upstream=server, forwards=(PortForward(backend=PORT),))
    with anyio.fail_after(20):
        await engine.services.start(tunnel)
        running = engine.services.running(server)
        assert running
        await engine.services.stop(tunnel)
        await running.ended.wait()


async def test_a_tunnel_on_a_port_in_use_is_refused(engine: FakeEngine) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as busy:
        forward = PortForward(backend=1, frontend=busy.getsockname()[1])
        with pytest.raises(EngineError, match="in use"):
            await engine.services.start(TunnelService(upstream=_service("sleep 60"), forwards=(forward,)))


async def test_a_port_of_the_host_is_reached_by_the_name_of_its_service(engine: FakeEngine) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        forward = PortForward(backend=listener.getsockname()[1], frontend=PORT)
        service = HostService(host="127.0.0.1", forwards=(forward,))
        async with engine.services.held(service) as instance:
            assert engine.network.published[service.hostname] == instance.address
            assert await engine.network.dial(instance.address, PORT)
        await engine.services.stop(service)
        assert service.hostname not in engine.network.published


async def test_a_port_keeps_its_number_unless_another_is_given(engine: FakeEngine) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        service = HostService(host="127.0.0.1", forwards=(PortForward(backend=port),))
        async with engine.services.held(service) as instance:
            assert await engine.network.dial(instance.address, port)
