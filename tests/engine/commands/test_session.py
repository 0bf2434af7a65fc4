"""`session`, as the SDKs start it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engine.command_line import CommandLine

pytestmark = pytest.mark.root


@pytest.fixture
def dagger(tmp_path):
    return CommandLine(tmp_path / "state")


def ask(announced: dict, query: str) -> dict:
    credentials = b64encode(f"{announced['session_token']}:".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{announced['port']}/query",
        data=json.dumps({"query": query}).encode(),
        headers={"Authorization": f"Basic {credentials}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_the_first_line_says_where_and_the_port_answers_at_once(dagger):
    flags = ["--label", "dagger.io/sdk.name:python", "--label", "dagger.io/sdk.version:0.21.11"]
    with dagger.session(*flags) as (_, announced):
        assert announced.keys() == {"port", "session_token"}
        assert ask(announced, "{ version }")["data"]["version"].startswith("v0.21.")


def test_closing_its_input_ends_it_with_success_and_nothing_more_on_stdout(dagger):
    with dagger.session() as (process, announced):
        ask(announced, "{ container { platform } }")
        begun = time.monotonic()
        stdout, stderr = process.communicate(timeout=20)
        assert (process.returncode, stdout, stderr) == (0, "", "")
        assert time.monotonic() - begun < 10
        assert refuses(announced["port"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_success(dagger, number):
    with dagger.session() as (process, announced):
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        assert refuses(announced["port"])


def test_a_signal_while_it_starts_ends_it_too(dagger):
    with dagger.started("session") as process:
        time.sleep(0.15)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) in {0, 128 + signal.SIGTERM, -signal.SIGTERM}


def test_flags_of_newer_sdks_are_ignored(dagger):
    with dagger.session("--load-workspace-modules", "--new-flag", "value", "--project", "/p", "--version=x") as (
        _,
        told,
    ):
        assert ask(told, "{ version }")["data"]


def test_every_session_has_its_own_token(dagger):
    with dagger.session() as (_, one), dagger.session() as (_, two):
        assert one["session_token"] != two["session_token"]
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask({**one, "session_token": two["session_token"]}, "{ version }")
        with refused.value as answer:
            assert answer.code == 401


def test_a_session_with_no_input_ends_at_once(dagger):
    ended = subprocess.run(
        dagger.argv("session"),
        stdin=subprocess.DEVNULL,
        env=dagger.environ,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0
    assert json.loads(ended.stdout).keys() == {"port", "session_token"}


def test_killing_it_leaves_no_process(dagger):
    with dagger.session() as (process, announced):
        ask(announced, "{ version }")
        children = descendants(process.pid)
        assert children
        process.kill()
        process.wait()
        deadline = time.monotonic() + 15
        while any(map(alive, children)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not any(map(alive, children))


def test_a_signal_ends_a_running_command_and_answers_its_query(dagger, base_archive):
    with dagger.session() as (process, announced), ThreadPoolExecutor(1) as waiting:
        file = ask(announced, f'{{ host {{ file(path: "{base_archive}") {{ id }} }} }}')["data"]["host"]["file"]["id"]
        command = 'withExec(args: ["sh", "-c", "echo began; exec sleep 54321"]) { stdout }'
        answer = waiting.submit(ask, announced, f'{{ container {{ import(source: "{file}") {{ {command} }} }} }}')
        while "began" not in process.stderr.readline().rpartition("|")[2]:
            pass
        processes = descendants(process.pid)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(urllib.error.HTTPError) as refused:
            answer.result(timeout=20)
        with refused.value as closing:
            assert closing.code == 503
            assert json.load(closing)["errors"][0]["message"] == "session is closing"
        assert process.wait(timeout=20) == 0
        assert not any(map(alive, processes))


def test_where_it_may_not_start_it_says_what_is_missing(dagger):
    ended = dagger("session", wrapper=("setpriv", "--bounding-set=-sys_admin"))
    assert (ended.code, ended.stdout) == (1, "")
    assert "mount namespace" in ended.stderr
    assert "doctor" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_store_that_cannot_be_made_is_one_clear_line(dagger, tmp_path):
    (tmp_path / "file").touch()
    ended = dagger("session", DJANGO_IMAGE_STATE=str(tmp_path / "file" / "state"))
    assert (ended.code, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("Error: ")


def descendants(pid: int) -> list[int]:
    direct = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return direct + [grandchild for child in direct for grandchild in descendants(child)]


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
