"""What went wrong, in one sentence."""

from __future__ import annotations

import errno

import dagger
import pytest
from dagger._exceptions import QueryErrorValue
from gql import gql

from pipelines.errors import PipelineError
from pipelines.failures import explain


def exec_error(command: list[str], stderr: str, *, code: int = 1, stdout: str = "") -> dagger.ExecError:
    extensions = {"_type": "EXEC_ERROR", "cmd": command, "exitCode": code, "stdout": stdout, "stderr": stderr}
    value = QueryErrorValue(message=f"exit code: {code}", extensions=extensions)
    error = dagger.QueryError([value], gql("{ version }"))
    assert isinstance(error, dagger.ExecError)
    return error


@pytest.mark.parametrize(
    ("said", "sentence", "hint"),
    [
        (
            "Resolved 3 packages\nerror: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.",
            "uv.lock does not match pyproject.toml",
            "uv lock",
        ),
        ("error: Hash mismatch for `django==5.2`", "does not have the hash that uv.lock names", "uv lock"),
        ("error: Failed to fetch: `x`\n  Caused by: dns error", "a registry cannot be reached", "network"),
        ("OSError: [Errno 28] No space left on device", "the disk is full", "make clean"),
        ("error: invalid peer certificate: UnknownIssuer", "certificate is not trusted", "SSL_CERT_FILE"),
        (
            (
                "error: The requested interpreter resolved to Python 3.13.5, which is incompatible with "
                "the project's Python requirement: `>=3.14`"
            ),
            "requires-python",
            "--base image=REF",
        ),
    ],
)
def test_known_troubles_of_a_command_get_their_own_words(said: str, sentence: str, hint: str) -> None:
    explained = explain(exec_error(["uv", "sync"], said))
    assert sentence in str(explained)
    assert hint in explained.hint


def test_a_failed_collectstatic_says_what_django_said_last() -> None:
    said = (
        "Traceback (most recent call last):\n  ...\nPermissionError: [Errno 13] Permission denied: '/app/staticfiles'"
    )
    explained = explain(exec_error(["python", "manage.py", "collectstatic"], said))
    assert str(explained) == (
        "collecting the static files failed: PermissionError: [Errno 13] Permission denied: '/app/staticfiles'"
    )


def test_another_command_is_named_with_its_exit_code_and_last_line() -> None:
    explained = explain(exec_error(["sh", "-c", "exit 3"], "", code=3, stdout="a\nb\n"))
    assert str(explained) == "`sh -c 'exit 3'` ended with exit code 3: b"


def test_of_a_group_of_errors_the_first_failure_is_the_reason() -> None:
    inner = ExceptionGroup("x", [PipelineError("the reason", exit_code=7), ValueError("a consequence")])
    explained = explain(ExceptionGroup("y", [inner]))
    assert (str(explained), explained.exit_code) == ("the reason", 7)


def test_a_full_disk_of_this_machine_is_known_by_its_number() -> None:
    assert str(explain(OSError(errno.ENOSPC, "x"))) == "the disk is full"


def test_what_is_not_known_keeps_its_own_words_in_one_line() -> None:
    assert str(explain(ValueError("one\ntwo"))) == "one"
    assert str(explain(ValueError())) == "ValueError"
    assert len(str(explain(ValueError("x" * 1000)))) < 400
