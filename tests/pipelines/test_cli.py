"""The command line: what a mistake ends in, and what help says."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipelines.settings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def fails_in_one_sentence(done: subprocess.CompletedProcess[str], sentence: str, code: int) -> None:
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_an_unknown_engine_ends_in_one_sentence() -> None:
    fails_in_one_sentence(run("build", ENGINE="podman"), "error: ENGINE is 'podman'", 2)


def test_a_directory_without_manage_py_ends_in_one_sentence(tmp_path: Path) -> None:
    done = run("build", "--project", str(tmp_path))
    fails_in_one_sentence(done, f"error: {tmp_path} is not a Django project: there is no manage.py", 1)


def test_a_session_that_is_not_there_ends_in_one_sentence(tmp_path: Path) -> None:
    done = run("build", "--output", str(tmp_path / "x.tar"), DAGGER_SESSION_PORT="1", DAGGER_SESSION_TOKEN="x")
    fails_in_one_sentence(done, "error: Failed to establish client connection", 1)


def test_a_mistake_shows_its_traceback_only_when_asked() -> None:
    done = run("build", "--engine", "local", "--base", "image=python", "--project", "/nowhere", "--debug")
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: /nowhere is not a Django project")


@pytest.mark.parametrize("arguments", [[], ["frob"], ["build", "--frob"]])
def test_a_wrong_command_line_is_answered_with_the_usage(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m pipelines")


def test_help_names_every_command_with_examples() -> None:
    said = run("--help").stdout
    for word in ("build", "check", "smoke", "examples:", "--project ../shop"):
        assert word in said
