"""The command line: verbs, flags, exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.engine.command_line import CommandLine


@pytest.fixture
def dagger(tmp_path):
    return CommandLine(tmp_path / "state")


@pytest.mark.parametrize("arguments", [["version"], ["--version"], ["--silent", "version"]])
def test_the_version_is_one_line_that_tools_recognise(dagger, arguments):
    ended = dagger(*arguments)
    assert re.fullmatch(r"dagger v\d+\.\d+\.\d+ \(.*\) linux/\w+\n", ended.stdout)
    assert (ended.code, ended.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help"]])
def test_usage_goes_to_stdout(dagger, arguments):
    ended = dagger(*arguments)
    assert (ended.code, ended.stderr) == (0, "")
    assert "verbs:" in ended.stdout


@pytest.mark.parametrize(
    "verb", ["session", "run", "query", "listen", "doctor", "prune", "cache", "supported-api", "version"]
)
def test_every_verb_has_help(dagger, verb):
    for arguments in ([verb, "--help"], ["help", verb]):
        ended = dagger(*arguments)
        assert (ended.code, ended.stderr) == (0, "")
        assert ended.stdout.startswith(f"usage: dagger {verb}")
        assert "--progress" in ended.stdout


def test_an_unknown_verb_is_an_error(dagger):
    ended = dagger("bulid")
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr == 'Error: unknown command or file "bulid" for "dagger"\n'


@pytest.mark.parametrize("verb", ["call", "init", "login", "shell"])
def test_verbs_for_modules_and_cloud_say_that_they_are_not_supported(dagger, verb):
    ended = dagger(verb, "anything", "--at-all")
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"Error: not supported by this engine: dagger {verb}")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--zap", "version"], ["version", "--zap"]])
def test_an_unknown_flag_is_an_error_with_usage(dagger, arguments):
    ended = dagger(*arguments)
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: unknown flag: --zap")
    assert "usage:" in ended.stderr


@pytest.mark.parametrize("arguments", [["--progress", "bogus", "version"], ["version", "--progress=bogus"]])
def test_an_unknown_progress_is_an_error(dagger, arguments):
    ended = dagger(*arguments)
    assert (ended.code, ended.stderr) == (1, 'Error: unknown progress type "bogus"\n')


def test_progress_may_come_from_the_environment(dagger):
    assert 'unknown progress type "odd"' in dagger("version", DAGGER_PROGRESS="odd").stderr
    assert dagger("version", "--progress=plain", DAGGER_PROGRESS="odd").code == 0


def test_terminal_progress_needs_a_terminal(dagger):
    ended = dagger("version", "--progress", "tty")
    assert (ended.code, ended.stderr) == (1, 'Error: no tty available for progress "tty"\n')


@pytest.mark.parametrize("kind", ["auto", "plain", "dots", "logs", "report"])
def test_other_progress_is_taken(dagger, kind):
    assert dagger("--progress", kind, "version").code == 0


def test_daggers_other_flags_are_taken_and_ignored(dagger):
    ended = dagger("-y", "-E", "-w", "-i", "--x-release", "v0.20.0", "version", "--cloud", "-vvv", "-d", "--debug")
    assert (ended.code, ended.stderr) == (0, "")


def test_a_working_directory_that_is_not_there_is_an_error(dagger, tmp_path):
    ended = dagger("version", "--workdir", str(tmp_path / "none"))
    assert (ended.code, ended.stderr.count("\n")) == (1, 1)
    assert "no such directory" in ended.stderr


def test_a_reader_that_has_had_enough_is_no_error(dagger):
    with dagger.started("supported-api") as process:
        process.stdout.close()
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


def test_the_page_of_supported_fields_is_current(dagger):
    page = Path(__file__).parents[2] / "docs" / "supported-api.md"
    written = dagger("supported-api").stdout
    assert page.read_text(encoding="utf-8") == written, "run `python -m engine supported-api >docs/supported-api.md`"


def test_an_empty_store_is_shown_as_empty(dagger):
    assert json.loads(dagger("cache", "--json").stdout)["bytes"] == 0
    assert "total              0" in dagger("cache").stdout


def test_pruning_an_empty_store_removes_nothing(dagger):
    ended = dagger("prune")
    assert (ended.code, ended.stdout) == (0, "removed nothing; 0 B freed\n")


@pytest.mark.parametrize("flags", [["--keep", "1x"], ["--older-than", "soon"], ["--all", "--keep", "1GB"]])
def test_pruning_by_nonsense_is_an_error(dagger, flags):
    ended = dagger("prune", *flags)
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: ")
