"""The engine's own namespaces; every test runs a sandbox in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.linux.syscalls import MNT_DETACH, MS_BIND, mount, umount2

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.root
MS_SHARED = 1 << 20

HEAD = """
import os, pathlib, signal, subprocess, sys, time
from engine.errors import HostError
from engine.linux.sandbox import run_in_sandbox
from engine.linux.syscalls import mount
"""
TAIL = """
try:
    status = run_in_sandbox(body)
except HostError as error:
    print(error)
    status = 77
sys.exit(status)
"""


def _script(body: str) -> list[str]:
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    return [sys.executable, "-c", f"{HEAD}\ndef body():\n{indented}\n{TAIL}"]


def _run(body: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_script(body), capture_output=True, text=True, timeout=30, check=False, **options)


def _marked(marker: str) -> list[str]:
    """Processes with the marker on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker in path.read_text(errors="replace"):
                found.append(path.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("return 0", 0),
        ("return 7", 7),
        ("sys.exit(5)", 5),
        ("sys.exit('no')", 1),
        ("os._exit(9)", 9),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143),
        ("raise KeyboardInterrupt", 130),
    ],
)
def test_the_exit_status_passes_through(body: str, status: int) -> None:
    assert _run(body).returncode == status


def test_an_error_of_the_body_is_shown_and_fails() -> None:
    result = _run("raise ZeroDivisionError('oops')")
    assert result.returncode == 1
    assert "ZeroDivisionError: oops" in result.stderr


def test_standard_streams_are_inherited_and_written_once() -> None:
    result = _run("print(sys.stdin.read(), end='')\nprint('err', file=sys.stderr)\nreturn 0", input="in")
    assert (result.stdout, result.stderr) == ("in", "err\n")


def test_what_was_printed_before_is_not_printed_twice() -> None:
    command = _script("return 0")
    command[2] = command[2].replace("def body", "print('before')\n\ndef body")
    env = os.environ | {"PYTHONUNBUFFERED": ""}
    assert subprocess.run(command, capture_output=True, check=True, timeout=30, env=env).stdout == b"before\n"


def test_the_body_has_its_own_proc_pids_and_umask() -> None:
    result = _run("print(os.getpid(), os.getppid(), os.readlink('/proc/self'), os.umask(0))\nreturn 0", umask=0o27)
    assert result.stdout.split() == ["2", "1", "2", "0"]


def test_mounts_are_not_seen_outside(tmp_path: Path) -> None:
    # As on most hosts, and unlike in these tests' own namespace: mounts spread.
    mount(str(tmp_path), tmp_path, flags=MS_BIND)
    mount("", tmp_path, flags=MS_SHARED)
    result = _run(f"mount('tmpfs', '{tmp_path}', 'tmpfs')\nopen('{tmp_path}/inside', 'w').close()\nreturn 0")
    seen = list(tmp_path.iterdir())
    umount2(tmp_path, MNT_DETACH)
    assert result.returncode == 0
    assert seen == []


def test_orphans_are_reaped() -> None:
    result = _run(
        "command = ['sh', '-c', 'sleep 600 >/dev/null & echo $!']\n"
        "orphan = int(subprocess.run(command, stdout=subprocess.PIPE).stdout)\n"
        "path = pathlib.Path('/proc', str(orphan))\n"
        "assert path.exists()\n"
        "os.kill(orphan, signal.SIGKILL)\n"
        "deadline = time.monotonic() + 10\n"
        "while path.exists() and time.monotonic() < deadline:\n"
        "    time.sleep(0.01)\n"
        "return int(path.exists())"
    )
    assert result.returncode == 0, result.stderr


def test_what_still_runs_ends_with_the_body(tmp_path: Path) -> None:
    marker = f"600.{os.getpid()}1"
    result = _run(f"subprocess.Popen(['setsid', 'sleep', '{marker}'])\ntime.sleep(0.2)\nreturn 4")
    assert result.returncode == 4
    assert _marked(marker) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_the_body(number: signal.Signals) -> None:
    body = (
        "got = []\n"
        "for number in (signal.SIGTERM, signal.SIGINT):\n"
        "    signal.signal(number, lambda number, frame: got.append(number))\n"
        "print('ready', flush=True)\n"
        "while not got:\n"
        "    time.sleep(0.01)\n"
        "time.sleep(0.2)\n"
        "return 40 + len(got) if set(got) == {" + str(int(number)) + "} else 1"
    )
    with subprocess.Popen(_script(body), stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(10) == 41


def test_control_c_at_the_terminal_reaches_the_body_once() -> None:
    body = (
        "got = []\n"
        "signal.signal(signal.SIGINT, lambda number, frame: got.append(number))\n"
        "print('ready', flush=True)\n"
        "while not got:\n"
        "    time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
        "print(f'got={len(got)}', flush=True)\n"
        "return 0"
    )
    pid, terminal = os.forkpty()
    if pid == 0:
        os.execv(sys.executable, _script(body))
    assert _read_until(terminal, b"ready")
    os.write(terminal, b"\x03")
    assert b"got=1" in _read_until(terminal, b"got=")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)


def _read_until(terminal: int, text: bytes) -> bytes:
    seen = b""
    while text not in seen or not seen.endswith(b"\n"):
        seen += os.read(terminal, 1024)
    return seen


def test_killing_the_outer_process_leaves_no_process_and_no_mount(tmp_path: Path) -> None:
    marker = f"600.{os.getpid()}2"
    body = (
        "import anyio\n"
        "from engine.store.opening import opened_store\n"
        "async def work(state):\n"
        "    with opened_store(state) as store:\n"
        "        async with store.snapshots.stage('') as staged:\n"
        "            base = await staged.commit('base')\n"
        "        async with store.snapshots.stage(base) as staged:\n"
        f"            subprocess.Popen(['setsid', 'sleep', '{marker}'], cwd=staged.root)\n"
        "            print(len(store.staging.folder.name), os.path.ismount(staged.root), flush=True)\n"
        "            await anyio.sleep_forever()\n"
        f"anyio.run(work, pathlib.Path('{tmp_path}/state'))"
    )
    with subprocess.Popen(_script(body), stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline().endswith(b"True\n")
        assert _eventually(lambda: bool(_marked(marker)))
        process.kill()
    assert _eventually(lambda: not _marked(marker))
    assert str(tmp_path) not in Path("/proc/1/mountinfo").read_text()
    assert str(tmp_path) not in Path("/proc/thread-self/mountinfo").read_text()
    # And the next session finds the store whole.
    again = _run(
        "from engine.store.opening import opened_store\n"
        f"with opened_store(pathlib.Path('{tmp_path}/state')) as store:\n"
        "    print(len(list(store.layout.staging.iterdir())), len(list(store.layout.snapshots.iterdir())))\n"
        "return 0"
    )
    assert again.stdout == "1 1\n", again.stderr


def test_killing_init_ends_everything() -> None:
    marker = f"600.{os.getpid()}3"
    body = f"subprocess.Popen(['setsid', 'sleep', '{marker}'])\nprint('ready', flush=True)\ntime.sleep(60)"
    with subprocess.Popen(_script(body), stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        assert process.wait(10) == 137
    assert _marked(marker) == []


def test_without_the_privilege_one_sentence_says_what_to_do() -> None:
    command = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", *_script("return 0")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 77, result.stderr
    assert "CAP_SYS_ADMIN" in result.stdout
    assert "run it as root" in result.stdout
    assert len(result.stdout.splitlines()) == 1


def test_later_children_of_the_outer_process_are_ordinary() -> None:
    command = _script("return 0")
    command[2] = command[2].replace("sys.exit(status)", "sys.exit(subprocess.run(['true']).returncode)")
    assert subprocess.run(command, timeout=30, check=False).returncode == 0


def test_a_parent_that_ignores_its_children_does_no_harm() -> None:
    result = _run("return 6", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    assert result.returncode == 6
