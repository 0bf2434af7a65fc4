from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.core.process import Process
from engine.errors import CommandFailed
from engine.executor.bundle import Bundle
from engine.executor.child import Child
from engine.executor.container import Container, NotStarted
from engine.executor.host import this_host
from engine.executor.output import Capture


def _container(tmp_path: Path, script: str) -> tuple[Container, Child, Capture]:
    """A container whose runtime is a script, as none of crun's own failures can be had at will."""
    process = Process(root=tmp_path, args=("true",), env=(), cwd="/", uid=0, gid=0)
    bundle = Bundle.create(tmp_path, program=sys.executable, process=process, host=this_host(Path("/tini")))
    child = Child(["/bin/sh", "-c", f"cd {bundle.folder}; echo 1 > pid; {script}"])
    capture = Capture()
    return Container(child, bundle, capture), child, capture


async def _wait(tmp_path: Path, script: str) -> tuple[int, bytes]:
    container, child, capture = _container(tmp_path, script)
    try:
        async with container.followed(b""):
            code = await container.wait()
        return code, capture.finish()[1]
    finally:
        child.close()


def _complaint(message: str) -> str:
    return f"""echo '{{"msg":"{message}","level":"error"}}' > log"""


async def test_the_commands_own_code_is_given(tmp_path: Path) -> None:
    assert await _wait(tmp_path, "echo said >&2; exit 9") == (9, b"said\n")


async def test_a_complaint_of_the_runtime_is_its_own_failure(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="the container runtime failed: mount `proc`: no"):
        await _wait(tmp_path, _complaint("mount `proc`: no") + "; exit 1")


async def test_a_command_that_did_not_start_says_so_once(tmp_path: Path) -> None:
    message = "exec container process `x`: Exec format error"
    assert await _wait(tmp_path, _complaint(message) + "; exit 126") == (1, f"{message}\n".encode())
    told = f"{_complaint(message)}; echo '{message}' >&2; exit 126"
    assert await _wait(tmp_path, told) == (1, f"{message}\n".encode())


async def test_a_warning_of_a_run_that_worked_is_nothing(tmp_path: Path) -> None:
    assert await _wait(tmp_path, _complaint("only talk") + "; exit 0") == (0, b"")


async def test_what_never_started_can_be_asked_anything() -> None:
    never = NotStarted()
    never.signal(9)
    assert await never.wait() == 1
    assert (await never.exec(["id"]))[0] == 1
