"""The session that starts early: it lasts as long as its context, and what goes wrong with it is said."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from pipelines.errors import PipelineError
from pipelines.session import early_session
from pipelines.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Program = Callable[[str], dict[str, str]]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Write a program that stands in for the `dagger` program; gives the environment that names it."""

    def write(script: str) -> dict[str, str]:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{script}\n")
        path.chmod(0o755)
        return {"_EXPERIMENTAL_DAGGER_CLI_BIN": str(path), "PATH": "/usr/bin:/bin"}

    return write


ANNOUNCE = """echo '{"port": 1234, "session_token": "abc"}'"""


def test_the_call_gives_what_the_program_announced(program: Program) -> None:
    with early_session(program(f"{ANNOUNCE}; cat")) as connection:
        assert connection() == {"DAGGER_SESSION_PORT": "1234", "DAGGER_SESSION_TOKEN": "abc"}


def test_the_program_starts_at_once_and_nobody_waits_for_it_until_asked(program: Program) -> None:
    begun = time.monotonic()
    with early_session(program(f"sleep 0.5; {ANNOUNCE}; cat")) as connection:
        assert time.monotonic() - begun < 0.4
        connection()
        assert time.monotonic() - begun >= 0.5


def test_the_program_is_told_to_end_and_awaited(program: Program, tmp_path: Path) -> None:
    with early_session(program(f"{ANNOUNCE}; cat; sleep 0.2; touch ended")) as connection:
        connection()
        assert not (tmp_path / "ended").exists()
    assert (tmp_path / "ended").exists()


def test_the_program_is_started_as_the_sdk_would(program: Program, tmp_path: Path) -> None:
    with early_session(program(f'echo "$@" > arguments; {ANNOUNCE}; cat')) as connection:
        connection()
    assert (tmp_path / "arguments").read_text().split()[0] == "session"


def test_a_program_that_announces_nothing_is_one_sentence(program: Program) -> None:
    with pytest.raises(PipelineError, match="the engine did not start"), early_session(program("exit 3")) as connection:
        connection()


def test_an_engine_that_ends_badly_is_not_taken_for_success(program: Program) -> None:
    with pytest.raises(PipelineError, match="exit code 3"), early_session(program(f"{ANNOUNCE}; cat; exit 3")) as wait:
        wait()


def test_the_error_of_the_body_is_not_hidden_by_the_end_of_the_engine(program: Program) -> None:
    with pytest.raises(ZeroDivisionError), early_session(program(f"{ANNOUNCE}; cat; exit 3")):
        raise ZeroDivisionError


@pytest.mark.parametrize("more", [{"DAGGER_SESSION_PORT": "1"}, {"_EXPERIMENTAL_DAGGER_CLI_BIN": ""}])
def test_a_session_that_is_there_and_an_engine_of_the_sdks_own_are_left_alone(
    more: dict[str, str], program: Program, tmp_path: Path
) -> None:
    with early_session({**program("touch started"), **more}) as connection:
        assert connection() == {}
    assert not (tmp_path / "started").exists()


def test_a_users_mistake_is_told_without_loading_the_sdk(tmp_path: Path) -> None:
    code = f"""
import json, sys
from pipelines.cli import main
code = main(["build", "--project", {str(tmp_path)!r}])
print(json.dumps([code, "dagger" in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [1, False]
    assert "is not a Django project" in done.stderr
