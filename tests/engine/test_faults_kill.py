"""`kill -9` of the outer process, the engine and the client, at the worst moments."""

from __future__ import annotations

import shlex
import signal
import socket
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.core.digest import digest_of_bytes
from engine.store.database import Database
from engine.store.layout import Layout
from engine.store.serial import snapshot_of
from engine.store.sweep import sweep
from tests.bombs import zeros_layer
from tests.engine.command_line import CommandLine
from tests.engine.faults import (
    Traces,
    commands,
    descendants,
    eventually,
    kill,
    session,
    sh,
    step,
    unfinished,
)
from tests.small_image import small_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.faults import RunningSession

pytestmark = [pytest.mark.root, pytest.mark.slow]

SDK = """
import sys, anyio, dagger
from dagger import dag

async def main():
    async with dagger.connection():
        base = dag.container().import_(dag.host().file(sys.argv[1]))
        await base.with_exec(["sh", "-c", "echo began; exec sleep 4321"]).sync()

anyio.run(main)
"""

UP = """
import sys, anyio, dagger
from dagger import dag

async def main():
    async with dagger.connection():
        base = dag.container().import_(dag.host().file(sys.argv[1]))
        service = base.as_service(args=["sh", "-c", "exec sleep 4321"])
        await service.up(ports=[dagger.PortForward(backend=80, frontend=int(sys.argv[2]))])

anyio.run(main)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("killed")


@pytest.fixture(scope="module")
def archive(place: Path) -> Path:
    return small_image(place / "small.tar")


@pytest.fixture(scope="module")
def endless(place: Path) -> Path:
    """An image whose import takes until it is killed."""
    return zeros_layer(place / "endless.tar", gibibytes=64)


def outer(running: RunningSession) -> None:
    kill(running.process.pid)


def engine(running: RunningSession) -> None:
    kill(running.engine())


VICTIMS = pytest.mark.parametrize("victim", [outer, engine])
MOMENTS = pytest.mark.parametrize(("victim", "count"), [(outer, 1), (engine, 4), (outer, 9), (engine, 15)])


@pytest.fixture
def running(place: Path, archive: Path) -> Iterator[RunningSession]:
    """A session on the store whose last session was killed: it has swept, and gives right results."""
    with session(place / "state") as running:
        assert len(unfinished(running.state)) == 1
        assert running.leaf(running.image(archive, step("echo right; ls /bin/sh"))) == "right\n/bin/sh\n"
        yield running


@pytest.fixture(autouse=True)
def _whole_afterwards(place: Path) -> Iterator[None]:
    """All in the store that has a name is whole; what has none is swept by whoever opens it next."""
    yield
    layout = Layout(place / "state")
    sweep(layout)
    assert unfinished(layout.state) == []
    with Database(layout) as database:
        rows = {snapshot_of(number) for (number,) in database.rows("SELECT id FROM snapshots")}
        assert database.rows("PRAGMA integrity_check") == [("ok",)]
    assert rows == {path.name for path in layout.snapshots.iterdir()}
    for blob in layout.blobs.iterdir():
        assert digest_of_bytes(blob.read_bytes()) == f"sha256:{blob.name}"


def killed(running: RunningSession, victim) -> None:
    traces = running.traces()
    assert traces.left()
    victim(running)
    assert traces.gone() == []
    assert not any(str(running.state) in line for line in Path("/proc/1/mountinfo").read_text().splitlines())


@VICTIMS
def test_while_an_image_is_unpacked(running, endless, victim):
    running.asking(running.image(endless, "rootfs { entries }"))
    assert eventually(lambda: any(path.name == "zeros" for path in (running.state / "staging").glob("*/*/*")))
    killed(running, victim)


@VICTIMS
def test_while_a_command_runs(running, archive, victim):
    running.asking(running.image(archive, step("(setsid sleep 4320 &) ; touch /half; sleep 4321")))
    assert eventually(lambda: {"sleep 4320", "sleep 4321"} <= set(commands(running.processes())))
    killed(running, victim)


def test_while_a_service_runs_and_a_tunnel_leads_to_it(running, archive):
    port = free_port()
    service = f'asService(args: ["sh", "-c", "exec sleep 4322"]) {{ up(ports: [{{backend: 80, frontend: {port}}}]) }}'
    running.asking(running.image(archive, service))
    assert eventually(lambda: "sleep 4322" in commands(running.processes()) and listens(port))
    killed(running, outer)
    assert not listens(port)


@MOMENTS
def test_while_results_are_kept(running, archive, victim, count):
    """At whatever moment a chain of short steps is in when the store has got so many layers more."""
    layers = running.state / "snapshots"
    before = set(layers.iterdir())
    steps = " ".join(f"{sh(f'echo {n} >/step{n}')} {{" for n in range(20))
    chain = running.asking(running.image(archive, f'{steps} file(path: "/step19") {{ size }} {"} }" * 20}'))
    assert eventually(lambda: chain.done() or len(list(layers.iterdir())) >= len(before) + count)
    assert not chain.done()
    killed(running, victim)
    kept = [file for layer in set(layers.iterdir()) - before for file in layer.glob("step*")]
    assert kept
    assert all(file.read_text() == f"{file.name.removeprefix('step')}\n" for file in kept)


@pytest.mark.parametrize(("moment", "victim"), [("packing", outer), ("writing", engine)])
def test_while_an_image_is_exported(running, archive, tmp_path, moment, victim):
    target = tmp_path / "image.tar"
    big = sh("dd if=/dev/urandom of=/big bs=1M count=96 2>/dev/null", salt=moment)
    export = f'{big} {{ export(path: "{target}") }} }}'
    running.leaf(running.image(archive, f"{big} {{ exitCode }} }}"))
    if moment == "writing":  # the layers are packed already
        running.leaf(running.image(archive, export))
        target.unlink()
    running.asking(running.image(archive, export))
    assert eventually(lambda: list(tmp_path.iterdir()) if moment == "writing" else _packing(running.state))
    killed(running, victim)
    assert not target.exists() or moment == "writing"
    whole_or_missing(target)
    with session(running.state) as again:
        again.leaf(again.image(archive, export))
        assert target.exists()
        whole_or_missing(target)


@pytest.mark.parametrize("script", [SDK, UP], ids=["its step runs", "up blocks"])
def test_of_the_sdk_that_started_the_session(place, archive, tmp_path, script):
    dagger, port = CommandLine(place / "state"), free_port()
    program = tmp_path / "dagger"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(dagger.argv())} "$@"\n')
    program.chmod(0o755)
    environ = dagger.environ | {"_EXPERIMENTAL_DAGGER_CLI_BIN": str(program)}
    with client([sys.executable, "-c", script, str(archive), str(port)], environ) as (process, traces):
        assert script is SDK or eventually(lambda: listens(port))
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert traces.gone() == []
        assert not listens(port)


def test_of_run_itself(place, archive):
    """The command that it ran has lost its session, and with it ends all that the session had started."""
    state = place / "state"
    dagger = CommandLine(state)
    with client(dagger.argv("run", sys.executable, "-c", SDK, str(archive)), dagger.environ) as (process, traces):
        process.kill()
        process.wait()
        assert traces.gone() == []


def test_of_a_client_in_run_stops_its_step_and_ends_run(place, archive):
    state = place / "state"
    dagger = CommandLine(state)
    with client(dagger.argv("run", sys.executable, "-c", SDK, str(archive)), dagger.environ) as (process, traces):
        kill(next(pid for pid in descendants(process.pid) if commands([pid])[0].startswith(f"{sys.executable} -c")))
        assert process.wait(60) == 255
        assert traces.gone() == []


@contextmanager
def client(argv: list[str], environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], Traces]]:
    """Have a client whose step runs; gives its process and the traces of all below it."""
    with subprocess.Popen(argv, env=environ, start_new_session=True, stderr=subprocess.DEVNULL) as process:
        try:
            assert eventually(lambda: "sleep 4321" in commands(descendants(process.pid)), 60)
            yield process, Traces(descendants(process.pid))
        finally:
            process.kill()


def test_the_store_works_after_all_that(running, archive):
    assert running.leaf(running.image(archive, step("cat /etc/passwd"))) == "root:x:0:0::/:/bin/sh\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def whole_or_missing(target: Path) -> None:
    if target.exists():
        with tarfile.open(target) as tar:
            assert "index.json" in tar.getnames()


def _packing(state: Path) -> bool:
    """Whether a blob is being written that has some MiB already."""
    files = [path for path in (state / "staging").glob("*/*") if path.is_file()]
    return any(path.stat().st_size > 1 << 22 for path in files if path.exists())
