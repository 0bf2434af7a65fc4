"""Which exit codes are expected, and what identifies a command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.container import Container
from engine.core.exec import Exec, ReturnType
from engine.core.platform import Platform

COMMAND = Exec(container=Container(platform=Platform.parse("linux/amd64")), args=("sh", "-c", "true"))


@pytest.mark.parametrize(
    ("expect", "accepted"),
    [
        (ReturnType.SUCCESS, {0}),
        (ReturnType.FAILURE, {*range(1, 128), *range(192, 256)}),
        (ReturnType.ANY, {*range(128), *range(192, 256)}),
    ],
)
def test_exit_codes_that_mean_a_signal_are_never_expected(expect: ReturnType, accepted: set[int]) -> None:
    assert {code for code in range(256) if expect.accepts(code)} == accepted


@pytest.mark.parametrize(
    "changes",
    [
        {"args": ("sh", "-c true")},
        {"stdin": "x"},
        {"redirect_stdin": "/x"},
        {"redirect_stdout": "/x"},
        {"redirect_stderr": "/x"},
        {"expect": ReturnType.ANY},
        {"init": False},
        {"privileged": True},
        {"container": Container(platform=Platform.parse("linux/arm64"))},
    ],
)
def test_everything_said_of_a_command_counts_in_its_key(changes: dict[str, object]) -> None:
    assert replace(COMMAND, **changes).key != COMMAND.key


def test_redirects_of_stdout_and_stderr_are_told_apart() -> None:
    assert replace(COMMAND, redirect_stdout="/x").key != replace(COMMAND, redirect_stderr="/x").key


def test_equal_commands_have_one_key() -> None:
    assert replace(COMMAND, args=("sh", "-c", "true")).key == COMMAND.key


def test_the_history_of_an_image_shows_the_words_of_the_command() -> None:
    assert COMMAND.history == "mount / from exec sh -c true"


def test_the_progress_shows_a_command_that_a_shell_would_take() -> None:
    assert replace(COMMAND, args=("echo", "a b")).describe() == "exec echo 'a b'"
