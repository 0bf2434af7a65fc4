"""Commands that flood: output, processes, daemons that do not want to end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine.faults import Refused, RunningSession, commands, eventually, resident, session, sh, step
from tests.small_image import small_image

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root

MIB = 1 << 20


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_image(tmp_path_factory.mktemp("image") / "small.tar")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, mount_namespace: None) -> Iterator[RunningSession]:
    with session(tmp_path_factory.mktemp("output") / "state") as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "size"),
    [("head -c 1G /dev/zero", 1 << 30), ("yes '' | head -c 160M", 160 << 20)],
    ids=["one long line", "empty lines"],
)
def test_a_flood_of_output_takes_no_memory_and_is_one_sentence(running, archive, script, size):
    before = resident(running.engine())
    flood = sh(script, salt="flood")
    assert running.leaf(running.image(archive, f"{flood} {{ exitCode }} }}")) == 0
    for field in ("stdout", "combinedOutput"):
        with pytest.raises(Refused, match=f"^the command wrote {size} bytes, and an answer has 134217728 at most; "):
            running.leaf(running.image(archive, f"{flood} {{ {field} }} }}"))
    assert running.leaf(running.image(archive, f"{flood} {{ stderr }} }}")) == ""
    assert resident(running.engine()) - before < 64 * MIB
    assert running.log.stat().st_size < 64 * MIB
    assert "no more is shown" in running.log.read_text()


def test_the_end_of_a_flood_is_in_the_error_and_its_disk_space_is_given_back(running, archive):
    flood = "head -c 30M /dev/zero | tr '\\0' x; echo the end; exit 3"
    with pytest.raises(Refused) as refused:
        running.leaf(running.image(archive, step(flood)))
    assert str(refused.value).startswith("exit code: 3 [omitting 31354888 bytes]...xxx")
    assert str(refused.value).endswith("xthe end")
    links = [path.readlink() for path in running_files(running.engine())]
    assert not [link for link in links if "(deleted)" in str(link) and "staging" in str(link)]


def running_files(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/fd").iterdir())


@pytest.mark.slow
def test_two_thousand_processes_leave_none(running, archive):
    script = "for n in $(seq 2000); do sleep 4350 & done; echo all"
    assert running.leaf(running.image(archive, step(script))) == "all\n"
    assert "sleep 4350" not in commands(running.processes())


@pytest.mark.slow
def test_two_thousand_processes_are_gone_when_the_client_is(running, archive):
    connection = running.sent(running.image(archive, step("for n in $(seq 2000); do sleep 4351 & done; wait")))
    assert eventually(lambda: commands(running.processes()).count("sleep 4351") == 2000, 60)
    connection.close()
    assert eventually(lambda: "sleep 4351" not in commands(running.processes()))


@pytest.mark.parametrize("options", ["", ", noInit: true"])
def test_a_daemon_that_ignores_signals_ends_with_its_command(running, archive, options):
    daemon = "setsid sh -c 'trap \"\" TERM INT HUP; touch /ready; while :; do sleep 4352; done' >/dev/null 2>&1 &"
    script = f"{daemon} while ! test -e /ready; do :; done; echo done"
    assert running.leaf(running.image(archive, step(script, options=options))) == "done\n"
    assert "sleep 4352" not in commands(running.processes())


def test_a_daemon_that_keeps_the_output_open_does_not_keep_the_step_waiting(running, archive):
    script = "setsid sh -c 'trap \"\" TERM INT HUP; while :; do sleep 4353; done' & echo done"
    assert running.leaf(running.image(archive, step(script))) == "done\n"
    assert "sleep 4353" not in commands(running.processes())


def test_a_service_that_ignores_signals_ends_with_its_session(tmp_path, archive):
    with session(tmp_path / "state") as running:
        service = 'asService(args: ["sh", "-c", "trap \\"\\" TERM INT; while :; do sleep 4354; done"]) { start }'
        running.leaf(running.image(archive, service))
        assert eventually(lambda: "sleep 4354" in commands(running.processes()))
        traces = running.traces()
        assert running.close() == 0
        assert traces.gone() == []
