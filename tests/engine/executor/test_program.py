from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from engine.core.process import Process
from engine.executor.program import obstacle

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text, mode in (
        ("bin/tool", "#!/bin/sh\n", 0o755),
        ("bin/plain", "echo\n", 0o755),
        ("bin/empty", "", 0o755),
        ("bin/lost", "#! /no/interpreter -x\n", 0o755),
        ("bin/env", "#!/usr/bin/env python3\n", 0o755),
        ("bin/readable", "#!/bin/sh\n", 0o644),
        ("bin/owner", "#!/bin/sh\n", 0o744),
        ("srv/tool", "#!/bin/sh\n", 0o755),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    shutil.copy("/bin/sh", tmp_path / "bin/sh")
    for loader in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"):
        (tmp_path / loader[1:]).parent.mkdir(exist_ok=True)
        (tmp_path / loader[1:]).touch(mode=0o755)
    return tmp_path


def _obstacle(root: Path, program: str, *, path: str = "/nowhere:/bin", cwd: str = "/", uid: int = 0) -> str | None:
    env = (f"PATH={path}",) if path else ()
    return obstacle(Process(root=root, args=(program,), env=env, cwd=cwd, uid=uid, gid=uid))


@pytest.mark.parametrize(
    ("program", "cwd"), [("tool", "/"), ("/bin/tool", "/"), ("./tool", "/srv"), ("srv/tool", "/"), ("sh", "/")]
)
def test_what_can_run_has_no_obstacle(tree: Path, program: str, cwd: str) -> None:
    assert _obstacle(tree, program, cwd=cwd) is None


@pytest.mark.parametrize("program", ["nosuch", "readable", "srv"])
def test_the_path_is_searched_for_what_can_be_executed(tree: Path, program: str) -> None:
    assert _obstacle(tree, program) == f'exec: "{program}": executable file not found in $PATH'


def test_without_a_path_nothing_is_found(tree: Path) -> None:
    assert _obstacle(tree, "tool", path="") == 'exec: "tool": executable file not found in $PATH'


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("/no/such", "no such file or directory"),
        ("/bin/tool/x", "not a directory"),
        ("/bin", "permission denied"),
        ("/bin/readable", "permission denied"),
        ("/bin/plain", "exec format error"),
        ("/bin/empty", "exec format error"),
        ("/bin/lost", "no such file or directory"),
        ("/bin/env", "no such file or directory"),
    ],
)
def test_the_reason_is_the_kernels(tree: Path, program: str, reason: str) -> None:
    assert _obstacle(tree, program) == f"fork/exec {program}: {reason}"


def test_a_program_without_its_loader_is_not_found(tree: Path) -> None:
    shutil.rmtree(tree / "lib64", ignore_errors=True)
    shutil.rmtree(tree / "lib", ignore_errors=True)
    assert _obstacle(tree, "/bin/sh") == "fork/exec /bin/sh: no such file or directory"


def test_the_right_to_execute_is_that_of_the_user(tree: Path) -> None:
    assert _obstacle(tree, "/bin/owner") is None
    assert _obstacle(tree, "/bin/owner", uid=1000) == "fork/exec /bin/owner: permission denied"
