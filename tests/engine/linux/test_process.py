"""Running programs of the host."""

from __future__ import annotations

import os
import time
from pathlib import Path

import anyio
import pytest

from engine.errors import CommandFailed
from engine.linux.process import run


async def test_output_and_input_pass_through() -> None:
    result = await run(["sh", "-c", "cat; echo err >&2"], stdin=b"in")
    assert (result.stdout, result.stderr) == (b"in", b"err\n")


async def test_large_input_and_output_do_not_block_each_other() -> None:
    data = os.urandom(3 << 20)
    assert (await run(["cat"], stdin=data)).stdout == data


async def test_a_program_need_not_read_its_input() -> None:
    await run(["true"], stdin=bytes(1 << 20))


async def test_environment_and_directory_are_what_is_given(tmp_path: Path) -> None:
    result = await run(["/bin/sh", "-c", "echo $NAME $HOME; pwd"], env={"NAME": "value"}, cwd=tmp_path)
    assert result.stdout.decode() == f"value\n{tmp_path}\n"


async def test_a_failure_tells_command_code_and_the_end_of_stderr() -> None:
    with pytest.raises(CommandFailed) as caught:
        await run(["sh", "-c", "seq 20 >&2; exit 3"])
    assert str(caught.value).splitlines() == [
        "`sh -c 'seq 20 >&2; exit 3'` failed with exit code 3",
        *map(str, range(11, 21)),
    ]


async def test_a_signal_is_named() -> None:
    with pytest.raises(CommandFailed, match="was killed by SIGTERM"):
        await run(["sh", "-c", "kill $$"])


async def test_a_missing_program_names_its_debian_package() -> None:
    with pytest.raises(CommandFailed, match="the program skopeo is missing; install it with `apt-get install skopeo`"):
        await run(["skopeo"], env={"PATH": "/nonexistent"})
    with pytest.raises(CommandFailed, match="the program no-such-thing is missing; install it, or correct PATH"):
        await run(["no-such-thing"])


async def test_a_missing_directory_is_not_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="no such directory"):
        await run(["true"], cwd=tmp_path / "gone")


async def test_a_program_that_may_not_be_run_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("text")
    with pytest.raises(CommandFailed, match="Permission denied"):
        await run([tmp_path / "plain"])


async def test_too_long_is_a_failure() -> None:
    with pytest.raises(CommandFailed, match=r"`sleep 60` took more than 0.1 seconds"):
        await run(["sleep", "60"], timeout=0.1)


@pytest.mark.parametrize("script", ["sleep 60 & echo $! >&3; wait", "sleep 60 & echo $! >&3"])
async def test_cancelling_kills_the_whole_group(tmp_path: Path, script: str) -> None:
    pid = tmp_path / "pid"
    start = time.monotonic()
    with anyio.move_on_after(0.3) as scope:
        await run(["sh", "-c", f"exec 3>{pid}; {script}"])
    assert scope.cancelled_caught
    assert time.monotonic() - start < 5
    while _runs(int(pid.read_text())):
        assert time.monotonic() - start < 5
        await anyio.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_program_has_the_umask_that_is_asked_for():
    assert (await run(["sh", "-c", "umask"], umask=0o027)).stdout == b"0027\n"
