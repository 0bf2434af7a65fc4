"""Several sessions on one store, and `prune` beside them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import tarfile
from concurrent.futures import wait
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import HostError
from engine.store.layout import Layout
from engine.store.locks import locked
from engine.store.prune import Policy
from engine.store.shelves import prune_store
from tests.engine.command_line import CommandLine
from tests.engine.faults import RunningSession, commands, descendants, eventually, session, step
from tests.small_image import small_image

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root

EXCLUSIVE = "if mkdir /v/alone; then echo got it; sleep 0.2; rm -r /v/alone; else echo collision; fi"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_image(tmp_path_factory.mktemp("image") / "small.tar")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory, mount_namespace: None) -> Iterator[list[RunningSession]]:
    """Four on one store."""
    shared = tmp_path_factory.mktemp("shared") / "state"
    with ExitStack() as stack:
        yield [stack.enter_context(session(shared)) for _ in range(4)]


@pytest.mark.slow
def test_four_sessions_that_do_the_same_get_the_same(sessions, archive):
    random = step("head -c 64 /dev/urandom | tr -dc a-z >/f; echo made", 'file(path: "/f") { digest }', salt="same")
    known = [one.asking(one.image(archive, random)) for one in sessions]
    digests = {one.result() for one in known}
    # Two at the same time may both have run it; the first result is everybody's from then on.
    assert {one.leaf(one.image(archive, random)) for one in sessions} <= digests
    assert len({one.leaf(one.image(archive, random)) for one in sessions}) == 1
    rootless = step("echo equal >/f", 'file(path: "/f") { digest }', salt="deterministic")
    assert len({future.result() for future in [one.asking(one.image(archive, rootless)) for one in sessions]}) == 1


@pytest.mark.slow
def test_many_small_steps_at_once_in_two_sessions_all_succeed(sessions, archive):
    two = sessions[:2]
    for one in two:
        one.leaf(one.image(archive, "platform"))
    started = [
        (f"{number}-{turn}", one.asking(one.image(archive, step(f"echo {number}-{turn}"))))
        for turn in range(20)
        for number, one in enumerate(two)
    ]
    assert [future.result() for _, future in started] == [f"{text}\n" for text, _ in started]
    for one in two:
        assert "locked" not in one.log.read_text()


def test_a_store_that_another_one_writes_to_is_waited_for(sessions, archive):
    query = step("echo written")
    with closing(sqlite3.connect(sessions[0].state / "cache.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [one.asking(one.image(archive, query)) for one in sessions]
        assert not wait(waiting, timeout=1).done
        other.execute("ROLLBACK")
    assert {future.result() for future in waiting} == {"written\n"}


@pytest.mark.slow
def test_a_locked_volume_is_held_by_one_step_of_all_sessions(sessions, archive):
    waiting = [one.asking(one.image(archive, cached(one, EXCLUSIVE))) for one in sessions for _ in range(3)]
    wait(waiting)
    assert {future.result() for future in waiting} == {"got it\n"}


def cached(running: RunningSession, script: str, sharing: str = "LOCKED") -> str:
    volume = running.leaf('{ cacheVolume(key: "v") { id } }')
    return f'withMountedCache(path: "/v", cache: "{volume}", sharing: {sharing}) {{ {step(script)} }}'


def test_a_cancelled_step_releases_its_locked_volume_at_once(state, archive):
    with session(state) as one, session(state) as two:
        holding = one.sent(one.image(archive, cached(one, "exec sleep 4330")))
        assert eventually(lambda: "sleep 4330" in _commands(one))
        waiting = two.asking(two.image(archive, cached(two, "echo mine")))
        holding.close()
        assert waiting.result(20) == "mine\n"
        assert "sleep 4330" not in _commands(one)


def _commands(running: RunningSession) -> list[str]:
    return commands(running.processes())


def test_prune_beside_a_session_refuses_and_takes_nothing(state, archive):
    with session(state) as running:
        digest = step("echo content >/f", 'file(path: "/f") { digest }', salt="pruned")
        before = running.leaf(running.image(archive, digest))
        running.asking(running.image(archive, step("exec sleep 4331")))
        assert eventually(lambda: "sleep 4331" in _commands(running))
        with pytest.raises(HostError, match=r"is in use by a session; prune when it has ended$"):
            prune_store(Layout(state), Policy(below=0), timeout=0)
        assert running.leaf(running.image(archive, digest)) == before


def test_prune_waits_a_moment_for_a_session_that_ends(state, archive):
    with session(state) as running:
        running.leaf(running.image(archive, step("true", "exitCode")))
        pruning = subprocess.Popen(
            CommandLine(state).argv("prune", "--all"), env=CommandLine(state).environ, stdout=subprocess.PIPE, text=True
        )
        # It is up and asks for the lock: it has opened the lock's file.
        assert eventually(lambda: opens(pruning.pid, state / "locks" / "sessions"))
        assert running.close() == 0
        assert pruning.communicate(timeout=30)[0].startswith("removed ")
        assert pruning.returncode == 0


def opens(pid: int, path: Path) -> bool:
    try:
        return any(link.readlink() == path for link in Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:
        return False


def test_a_session_that_starts_while_prune_works_waits_for_it(state):
    layout = Layout(state)
    layout.make()
    with ExitStack() as stack:
        stack.enter_context(locked(layout.sessions_lock))  # as prune
        with subprocess.Popen(
            CommandLine(state).argv("session"),
            env=CommandLine(state).environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            try:
                assert eventually(lambda: any(opens(pid, layout.sessions_lock) for pid in descendants(process.pid)))
                assert not list(layout.staging.iterdir())
                stack.close()
                assert b"session_token" in process.stdout.readline()
                process.stdin.close()
                assert process.wait(30) == 0
            finally:
                process.kill()


def test_after_prune_the_next_build_imports_again_and_the_base_keeps_its_layers(state, archive):
    with session(state) as running:
        layers = exported_layers(running, archive, state.parent / "1.tar")
        step_digest = running.leaf(running.image(archive, step("echo c >/f", 'file(path: "/f") { digest }')))
    assert CommandLine(state)("prune", "--all").code == 0
    assert list((state / "snapshots").iterdir()) == list((state / "blobs" / "sha256").iterdir()) == []
    with session(state) as running:
        assert exported_layers(running, archive, state.parent / "2.tar") == layers
        assert running.leaf(running.image(archive, step("echo c >/f", 'file(path: "/f") { digest }'))) == step_digest


def exported_layers(running: RunningSession, archive: Path, target: Path) -> list[str]:
    running.leaf(running.image(archive, f'export(path: "{target}")'))
    with tarfile.open(target) as tar:
        index = json.load(tar.extractfile("index.json"))
        digest = index["manifests"][0]["digest"].replace(":", "/")
        return [layer["digest"] for layer in json.load(tar.extractfile(f"blobs/{digest}"))["layers"]]
