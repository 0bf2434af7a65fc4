"""What every implementation of Runtime does."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.process import Process
from engine.executor.output import Capture
from engine.executor.runtime import OciRuntime
from tests.fakes.runtime import FailingRuntime, FakeRuntime

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.solver.ports import Runtime

    Make = Callable[..., Process]

BOTH = ["fake", pytest.param("crun", marks=pytest.mark.root)]


@pytest.fixture(params=BOTH)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def runtime(kind: str, tmp_path: Path) -> Runtime:
    return FakeRuntime() if kind == "fake" else OciRuntime(tmp_path / "containers")


@pytest.fixture
def make(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Make processes of command lines."""
    if kind == "crun":
        made: Make = request.getfixturevalue("process")
        return made
    (tmp_path / "root").mkdir()
    return lambda *args: Process(root=tmp_path / "root", args=args, env=("A=1",), cwd="/", uid=0, gid=0)


async def _ran(runtime: Runtime, process: Process, stdin: bytes | Path = b"") -> tuple[int, bytes, bytes]:
    capture = Capture()
    code = await runtime.run(process, capture, stdin=stdin)
    stdout, stderr, _ = capture.finish()
    return code, stdout, stderr


async def test_streams_and_exit_code_come_back(runtime: Runtime, make: Make) -> None:
    assert await _ran(runtime, make("sh", "-c", "echo out; echo err >&2; exit 3")) == (3, b"out\n", b"err\n")


async def test_a_signal_gives_128_and_its_number(runtime: Runtime, make: Make) -> None:
    assert (await _ran(runtime, make("sh", "-c", "kill -TERM $$")))[0] == 128 + signal.SIGTERM


async def test_a_missing_program_is_told_on_stderr(runtime: Runtime, make: Make) -> None:
    code, _, stderr = await _ran(runtime, make("no-such-program"))
    assert code == 1
    assert b'exec: "no-such-program": executable file not found in $PATH' in stderr


async def test_stdin_is_bytes_a_file_or_nothing(runtime: Runtime, make: Make, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"of a file")
    assert (await _ran(runtime, make("cat"), b"bytes"))[1] == b"bytes"
    assert (await _ran(runtime, make("cat"), tmp_path / "in"))[1] == b"of a file"
    assert (await _ran(runtime, make("cat")))[1] == b""


async def test_the_command_starts_in_its_root(runtime: Runtime, make: Make) -> None:
    process = make("sh", "-c", "echo x > made")
    await _ran(runtime, process)
    assert (process.root / "made").read_text() == "x\n"


async def test_what_is_left_running_ends_with_the_command(runtime: Runtime, make: Make) -> None:
    begun = time.monotonic()
    assert (await _ran(runtime, make("sh", "-c", "sleep 60 & echo done")))[1] == b"done\n"
    assert time.monotonic() - begun < 30


async def test_cancelling_ends_the_command(runtime: Runtime, make: Make) -> None:
    process = make("sh", "-c", "sleep 0.5; echo x > late")
    with anyio.move_on_after(0.2):
        await _ran(runtime, process)
    await anyio.sleep(0.6)
    assert not (process.root / "late").exists()


async def test_a_started_command_takes_signals(runtime: Runtime, make: Make) -> None:
    async with runtime.start(
        make("sh", "-c", "trap 'exit 7' TERM; echo up; sleep 60 & wait"), capture := Capture()
    ) as run:
        with anyio.fail_after(10):
            while capture.finish()[0] != b"up\n":  # noqa: ASYNC110 - a capture has no event
                await anyio.sleep(0.01)
            run.signal(signal.SIGTERM)
            assert await run.wait() in (7, 128 + signal.SIGTERM)
        run.signal(signal.SIGTERM)  # it has ended; nothing happens


async def test_leaving_ends_a_started_command(runtime: Runtime, make: Make) -> None:
    process = make("sh", "-c", "sleep 0.4; echo x > late")
    async with runtime.start(process, Capture()):
        pass
    await anyio.sleep(0.5)
    assert not (process.root / "late").exists()


async def test_a_further_command_runs_beside_it(runtime: Runtime, make: Make) -> None:
    async with runtime.start(make("sleep", "60"), Capture()) as running:
        with anyio.fail_after(10):
            assert await running.exec(["sh", "-c", "echo o; echo e >&2; exit 4"]) == (4, b"o\n", b"e\n")


async def test_a_runtime_that_fails_says_what_it_was_told() -> None:
    with pytest.raises(RuntimeError, match="told"):
        await FailingRuntime(RuntimeError("told")).run(
            Process(root=None, args=("true",), env=(), cwd="/", uid=0, gid=0),  # type: ignore[arg-type]
            Capture(),
        )


async def test_an_error_of_the_caller_stays_what_it_is(runtime: Runtime, make: Make) -> None:
    with pytest.raises(KeyError):
        async with runtime.start(make("sleep", "60"), Capture()):
            raise KeyError
