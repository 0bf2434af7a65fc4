"""`run`: a command with a session."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.engine.command_line import CommandLine

pytestmark = pytest.mark.root

SDK = """
import asyncio, dagger
from dagger import dag

async def main():
    async with dagger.connection():
        container = dag.container().with_env_variable("A", "1")
        loaded = dag.load_container_from_id(dagger.ContainerID(await container.id()))
        print(await loaded.env_variable("A"), await dag.directory().with_new_file("f", "text").file("f").contents())

asyncio.run(main())
"""


@pytest.fixture
def dagger(tmp_path):
    return CommandLine(tmp_path / "state")


def test_the_command_has_a_session_and_its_exit_code_is_ours(dagger):
    ended = dagger("run", "sh", "-c", 'echo "$DAGGER_SESSION_PORT $DAGGER_SESSION_TOKEN"; exit 7')
    port, token = ended.stdout.split()
    assert port.isdecimal()
    assert token
    assert (ended.code, ended.stderr) == (7, "")


def test_the_command_gets_our_input_and_keeps_its_streams_apart(dagger):
    ended = dagger("run", "sh", "-c", "cat; echo err >&2", stdin="from outside")
    assert (ended.code, ended.stdout, ended.stderr) == (0, "from outside", "err\n")


@pytest.mark.parametrize(
    "flags", [["run"], ["r"], ["--progress", "plain", "run"], ["run", "-s", "--progress=plain"], ["run", "--"]]
)
def test_flags_end_where_the_command_begins(dagger, flags):
    ended = dagger(*flags, "sh", "-c", 'echo "$@"', "x", "-s", "--progress", "tty", "--", "--help")
    assert (ended.code, ended.stdout) == (0, "-s --progress tty -- --help\n")


def test_no_command_is_an_error_with_usage(dagger):
    ended = dagger("run")
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: requires at least 1 arg(s), only received 0\nusage: dagger run")


def test_a_command_that_is_not_there_is_an_error(dagger, tmp_path):
    ended = dagger("run", "no-such-command")
    assert (ended.code, ended.stderr) == (1, 'Error: exec: "no-such-command": executable file not found in $PATH\n')
    (tmp_path / "plain").touch()
    assert dagger("run", str(tmp_path / "plain")).stderr == f"Error: fork/exec {tmp_path}/plain: permission denied\n"


def test_a_command_that_a_signal_killed_is_255(dagger):
    assert dagger("run", "sh", "-c", "kill -KILL $$").code == 255


def test_an_unmodified_sdk_works_in_it(dagger, tmp_path):
    script = tmp_path / "pipeline.py"
    script.write_text(SDK)
    ended = dagger("run", "-s", sys.executable, str(script))
    assert (ended.code, ended.stdout, ended.stderr) == (0, "1 text\n", "")


def test_an_unmodified_sdk_can_start_the_engine_itself(dagger, tmp_path):
    program = tmp_path / "dagger"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(dagger.argv())} "$@"\n')
    program.chmod(0o755)
    script = tmp_path / "pipeline.py"
    script.write_text(SDK)
    ended = CommandLine(tmp_path / "state", _EXPERIMENTAL_DAGGER_CLI_BIN=str(program)).python(str(script))
    assert (ended.code, ended.stdout) == (0, "1 text\n")


def test_a_nested_run_uses_the_outer_session(dagger):
    inner = shlex.join(dagger.argv("run", "sh", "-c", "echo $DAGGER_SESSION_PORT $DAGGER_SESSION_TOKEN"))
    ended = dagger("run", "sh", "-c", f"echo $DAGGER_SESSION_PORT $DAGGER_SESSION_TOKEN; {inner}")
    outer, nested = ended.stdout.splitlines()
    assert outer == nested


def test_the_working_directory_is_changed_for_the_command_too(dagger, tmp_path):
    (tmp_path / "here").mkdir()
    assert dagger("run", "--workdir", str(tmp_path / "here"), "pwd").stdout == f"{tmp_path}/here\n"
    assert dagger("run", "pwd", DAGGER_WORKDIR=str(tmp_path / "here")).stdout == f"{tmp_path}/here\n"


def test_a_runner_host_for_dagger_is_ignored(dagger):
    environ = {"_EXPERIMENTAL_DAGGER_RUNNER_HOST": "tcp://nowhere:1"}
    assert (dagger("run", "true", **environ).code, dagger("run", "true", **environ).stderr) == (0, "")
    assert "_EXPERIMENTAL_DAGGER_RUNNER_HOST" in dagger("run", "-d", "true", **environ).stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_terminates_the_command_and_is_told(dagger, number):
    with dagger.started("run", "sh", "-c", "echo $$; exec sleep 100") as process:
        command = int(process.stdout.readline())
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=20)
        assert (process.returncode, stdout, stderr) == (2, "", "run canceled\n")
        assert not Path(f"/proc/{command}").exists()


def test_a_command_may_use_the_session_while_it_cleans_up(dagger):
    query = shlex.join(dagger.argv("query"))
    clean_up = f"trap '' INT; trap 'echo \"{{ version }}\" | {query}; exit' TERM"
    script = f"{clean_up}; echo ready; while :; do sleep 0.1; done"
    with dagger.started("run", "sh", "-c", script) as process:
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal's Ctrl-C: to all in the foreground
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=30)
    assert '"version": "v0.21' in stdout, stderr
    assert process.returncode == 2


def test_a_command_that_does_not_end_in_time_is_killed(dagger):
    with dagger.started("run", "--cleanup-timeout", "500ms", "sh", "-c", "trap '' TERM; echo $$; sleep 100") as process:
        command = int(process.stdout.readline())
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        assert process.returncode == 2
        assert 0.4 < time.monotonic() - begun < 10
        assert not Path(f"/proc/{command}").exists()


def test_nonsense_as_a_timeout_is_an_error(dagger):
    ended = dagger("run", "--cleanup-timeout", "soon", "true")
    assert ended.code == 1
    assert "invalid duration" in ended.stderr


def test_where_no_session_can_start_the_command_does_not_run(dagger):
    ended = dagger("run", "echo", "ran", wrapper=("setpriv", "--bounding-set=-sys_admin"))
    assert (ended.code, ended.stdout) == (1, "")
    assert "mount namespace" in ended.stderr


def test_killing_run_ends_its_session(dagger):
    with dagger.started("run", "sh", "-c", "echo $DAGGER_SESSION_PORT; sleep 100") as process:
        port = int(process.stdout.readline())
        assert listening(port)
        process.kill()
        deadline = time.monotonic() + 10
        while listening(port) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not listening(port)


def listening(port: int) -> bool:
    return f":{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()
