from __future__ import annotations

import errno
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.process import Bind, Tmpfs
from engine.errors import CommandFailed, HostError
from engine.executor.output import Capture
from engine.executor.runtime import OciRuntime

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.core.process import Process

    Make = Callable[..., Process]

pytestmark = pytest.mark.root


@pytest.fixture
def runtime(tmp_path: Path) -> OciRuntime:
    return OciRuntime(tmp_path / "state")


async def _run(runtime: OciRuntime, process: Process, stdin: bytes | Path = b"") -> tuple[int, str, str]:
    capture = Capture()
    code = await runtime.run(process, capture, stdin=stdin)
    stdout, stderr, _ = capture.finish()
    return code, stdout.decode(), stderr.decode()


async def _sh(runtime: OciRuntime, process: Make, script: str, **changes: object) -> tuple[int, str, str]:
    return await _run(runtime, process("sh", "-c", script, **changes))


async def test_streams_and_exit_code_come_back(runtime: OciRuntime, process: Make) -> None:
    assert await _sh(runtime, process, "echo out; echo err >&2; exit 42") == (42, "out\n", "err\n")


@pytest.mark.parametrize("init", [True, False])
async def test_a_signal_gives_128_and_its_number(runtime: OciRuntime, process: Make, *, init: bool) -> None:
    script = "kill -TERM $$" if init else "sh -c 'kill -TERM $$'; exit $?"
    assert (await _sh(runtime, process, script, init=init))[0] == 128 + signal.SIGTERM


async def test_a_killed_first_process_gives_137(runtime: OciRuntime, process: Make) -> None:
    async with runtime.start(process("sleep", "60", init=False), Capture()) as running:
        running.signal(signal.SIGKILL)
        assert await running.wait() == 137


async def test_output_arrives_in_the_order_of_one_stream(runtime: OciRuntime, process: Make) -> None:
    _, out, _ = await _sh(runtime, process, "for i in $(seq 500); do echo $i; done")
    assert out == "".join(f"{n}\n" for n in range(1, 501))


async def test_both_streams_are_combined_as_they_were_written(runtime: OciRuntime, process: Make) -> None:
    capture = Capture()
    script = "for i in 1 2 3; do echo o$i; sleep 0.05; echo e$i >&2; sleep 0.05; done"
    await runtime.run(process("sh", "-c", script), capture)
    assert capture.finish()[2] == b"o1\ne1\no2\ne2\no3\ne3\n"


async def test_two_megabytes_come_out_whole(runtime: OciRuntime, process: Make) -> None:
    _, out, _ = await _sh(runtime, process, "yes 0123456789abcde | head -c 2097152")
    assert out == "0123456789abcde\n" * 131072


async def test_stdin_is_bytes_or_a_file_or_nothing(runtime: OciRuntime, process: Make, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(b"from a file")
    os.chown(file, 5, 6)
    assert await _run(runtime, process("cat"), b"a\nb") == (0, "a\nb", "")
    assert await _run(runtime, process("cat", uid=1000), file) == (0, "from a file", "")
    assert await _run(runtime, process("cat")) == (0, "", "")
    assert (file.stat().st_uid, file.stat().st_gid) == (5, 6), "crun gives its streams to the user: not the file itself"


async def test_megabytes_of_stdin_may_be_left_unread(runtime: OciRuntime, process: Make) -> None:
    assert await _run(runtime, process("wc", "-c"), b"x" * 3_000_000) == (0, "3000000\n", "")
    assert (await _run(runtime, process("true"), b"x" * 3_000_000))[0] == 0


async def test_an_init_is_first_unless_the_command_is(runtime: OciRuntime, process: Make) -> None:
    assert (await _sh(runtime, process, "echo $$", init=False))[1] == "1\n"
    assert (await _sh(runtime, process, "test $$ = 1 || echo not first"))[1] == "not first\n"


async def test_the_init_reaps_what_the_command_leaves(runtime: OciRuntime, process: Make) -> None:
    script = "sh -c 'sleep 0.1 & exit'; sleep 0.4; cat /proc/[0-9]*/stat | grep -c ' Z '"
    assert (await _sh(runtime, process, script))[1] == "0\n"


async def test_the_init_passes_signals_to_the_whole_group(runtime: OciRuntime, process: Make) -> None:
    capture = Capture()
    child = "trap 'echo child got; exit' USR1; echo ready; while :; do sleep 0.02; done"
    script = f"trap 'echo got; exit 3' USR1; sh -c \"{child}\""
    async with runtime.start(process("sh", "-c", script), capture) as running:
        with anyio.fail_after(5):
            while b"ready" not in capture.finish()[0]:  # noqa: ASYNC110
                await anyio.sleep(0.01)
            running.signal(signal.SIGUSR1)
            assert await running.wait() == 3
    assert sorted(capture.finish()[0].split()) == [b"child", b"got", b"got", b"ready"]


async def test_what_is_left_running_ends_with_the_command(runtime: OciRuntime, process: Make) -> None:
    begun = time.monotonic()
    assert await _sh(runtime, process, "(sleep 60; echo late) & echo early") == (0, "early\n", "")
    assert time.monotonic() - begun < 5


async def test_closing_one_stream_leaves_the_other(runtime: OciRuntime, process: Make) -> None:
    assert await _sh(runtime, process, "exec >&-; sleep 0.05; echo still >&2; exit 5") == (5, "", "still\n")
    assert await _sh(runtime, process, "exec 2>&-; sleep 0.05; echo still; exit 6") == (6, "still\n", "")


async def test_cancelling_ends_everything_at_once(runtime: OciRuntime, process: Make, tmp_path: Path) -> None:
    long = f"100{os.getpid()}"
    begun = time.monotonic()
    with anyio.move_on_after(0.3) as scope:
        await _sh(runtime, process, f"trap '' TERM INT; sleep {long} & setsid sleep {long} & wait")
    assert scope.cancelled_caught
    assert time.monotonic() - begun < 1.5
    assert _names(tmp_path / "state") == []
    assert not _running(long)


@pytest.mark.parametrize("delay", [0.0, 0.002, 0.005, 0.008, 0.012, 0.02])
async def test_cancelling_while_it_starts_leaves_nothing(
    runtime: OciRuntime, process: Make, tmp_path: Path, delay: float
) -> None:
    with anyio.move_on_after(delay):
        await runtime.run(process("sleep", "60"), Capture())
    assert _names(tmp_path / "state") == []


async def test_leaving_the_context_kills(runtime: OciRuntime, process: Make) -> None:
    begun = time.monotonic()
    async with runtime.start(process("sleep", "60"), Capture()) as running:
        pass
    assert time.monotonic() - begun < 2
    running.signal(signal.SIGTERM)


async def test_an_error_in_the_context_stays_what_it_is(runtime: OciRuntime, process: Make) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with runtime.start(process("sleep", "60"), Capture()):
            raise KeyError("mine")


async def test_an_output_that_can_not_be_written_ends_the_run(
    runtime: OciRuntime, process: Make, tmp_path: Path
) -> None:
    class Full:
        def write(self, stream: str, data: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"), anyio.fail_after(5):
        await runtime.run(process("sh", "-c", "echo x; sleep 60"), Full())
    assert _names(tmp_path / "state") == []


async def test_a_further_command_runs_as_the_same_user(runtime: OciRuntime, process: Make) -> None:
    async with runtime.start(process("sleep", "60", uid=1000, gid=5, groups=(7,), cwd="/usr"), Capture()) as running:
        code, out, err = await running.exec(["sh", "-c", "id -u; id -G; pwd; echo e >&2; exit 4"])
        assert (code, out, err) == (4, b"1000\n5 7\n/usr\n", b"e\n")
        assert (await running.exec(["no-such-program"]))[0] != 0


@pytest.mark.parametrize(
    ("args", "stderr"),
    [
        (("no-such-command",), 'exec: "no-such-command": executable file not found in $PATH\n'),
        (("/no/such/program",), "fork/exec /no/such/program: no such file or directory\n"),
        (("/etc/passwd",), "fork/exec /etc/passwd: permission denied\n"),
        (("/etc",), "fork/exec /etc: permission denied\n"),
        (("/plain",), "fork/exec /plain: exec format error\n"),
        (("/lost",), "fork/exec /lost: no such file or directory\n"),
    ],
)
@pytest.mark.parametrize("init", [True, False])
async def test_what_can_not_be_run_ends_with_1_and_says_why(
    runtime: OciRuntime, process: Make, root: Path, args: tuple[str, ...], stderr: str, *, init: bool
) -> None:
    (root / "plain").write_text("echo not a script\n")
    (root / "lost").write_text("#!/no/interpreter\n")
    for name in ("plain", "lost"):
        (root / name).chmod(0o755)
    assert await _run(runtime, process(*args, init=init)) == (1, "", stderr)


async def test_a_working_directory_that_is_a_file_ends_with_1(runtime: OciRuntime, process: Make) -> None:
    code, _, err = await _run(runtime, process("true", cwd="/etc/passwd"))
    assert (code, err) == (1, "chdir `/etc/passwd`: Not a directory\n")


async def test_a_fault_of_the_runtime_is_told_apart(runtime: OciRuntime, process: Make) -> None:
    missing = Bind(source=Path("/no/such/source"), target="/mnt")
    with pytest.raises(CommandFailed, match=r"the container runtime failed: .*/no/such/source"):
        await _run(runtime, process("true", mounts=(missing,)))


async def test_a_mount_below_a_file_is_told_in_a_sentence(runtime: OciRuntime, process: Make, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"the container cannot be prepared: /etc/passwd: Not a directory"):
        await _run(runtime, process("true", mounts=(Bind(source=tmp_path, target="/etc/passwd/x"),)))
    assert _names(tmp_path / "state") == []


async def test_a_missing_runtime_names_the_package(process: Make, tmp_path: Path) -> None:
    with pytest.raises(HostError, match="the program no-such-runtime is missing; install it"):
        await _run(OciRuntime(tmp_path / "state", "no-such-runtime"), process("true"))


async def test_a_command_that_writes_nothing_changes_nothing(runtime: OciRuntime, process: Make, root: Path) -> None:
    before = _mtime(root)
    assert (await _run(runtime, process("true")))[0] == 0
    assert _names(root.parent / "upper") == []
    assert _mtime(root) == before


async def test_mount_points_are_made_and_taken_away(
    runtime: OciRuntime, process: Make, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").write_text("contents")
    mounts = (
        Bind(source=tmp_path / "dir", target="/a/b"),
        Bind(source=tmp_path / "file", target="/a/b/c/f", read_only=True),
        Tmpfs(target="/t/u", size=65536),
    )
    script = "cat /a/b/c/f; stat -f -c %T /t/u; df --output=size /t/u | tail -1; touch /a/b/new; : > /a/b/c/f"
    code, out, err = await _sh(runtime, process, script, mounts=mounts)
    assert (code, out.split()) == (2, ["contentstmpfs", "64"])
    assert "Read-only file system" in err
    assert _names(tmp_path / "dir") == ["new"]
    assert _names(root.parent / "upper") == []


async def test_a_container_has_its_own_kernel_file_systems(runtime: OciRuntime, process: Make) -> None:
    script = "ls /proc/1/status /dev/null /sys/class/net; df --output=size /dev/shm | tail -1; : > /sys/x"
    code, out, err = await _sh(runtime, process, script)
    assert code == 2
    assert out.split() == ["/dev/null", "/proc/1/status", "/sys/class/net:", "lo", "65536"]
    assert "Read-only file system" in err


async def test_identity_is_what_was_asked_for(runtime: OciRuntime, process: Make) -> None:
    script = "id -u; id -g; id -G; hostname; pwd; umask; echo ${HOME-unset}"
    changes = {"uid": 1000, "gid": 5, "groups": (7, 8), "hostname": "box", "cwd": "/usr"}
    _, out, _ = await _sh(runtime, process, script, **changes)
    assert out.split() == ["1000", "5", "5", "7", "8", "box", "/usr", "0022", "unset"]


async def test_an_ordinary_container_has_dockers_capabilities(runtime: OciRuntime, process: Make) -> None:
    script = "grep -E 'Cap(Eff|Bnd)' /proc/self/status | cut -f2"
    assert (await _sh(runtime, process, script))[1].split() == ["00000000a80425fb"] * 2
    assert (await _sh(runtime, process, script, uid=1000))[1].split() == ["0" * 16, "00000000a80425fb"]


@pytest.mark.parametrize("command", ["unshare -U true", "unshare -m true", "mknod /x b 8 0", "keyctl"])
async def test_an_ordinary_container_is_refused_what_leads_out(
    runtime: OciRuntime, process: Make, command: str
) -> None:
    keyctl = (
        "python3 -c 'import ctypes as c; l=c.CDLL(None,use_errno=True); exit(0 if l.syscall(250,0,-3,0)>=0 else 1)'"
    )
    code, _, _ = await _sh(runtime, process, keyctl if command == "keyctl" else command)
    assert code != 0


async def test_a_privileged_container_may_do_what_the_engine_may(runtime: OciRuntime, process: Make) -> None:
    script = "unshare -m true && mount -t tmpfs none /mnt && grep CapEff /proc/self/status | cut -f2"
    code, out, _ = await _sh(runtime, process, script, privileged=True)
    assert (code, out.split()) == (0, [_permitted()])


async def test_without_a_network_there_is_only_loopback(runtime: OciRuntime, process: Make) -> None:
    assert (await _sh(runtime, process, "tail -n +3 /proc/net/dev | cut -d: -f1"))[1].split() == ["lo"]


async def test_many_containers_run_side_by_side(runtime: OciRuntime, process: Make) -> None:
    outs: list[str] = []

    async def one(number: int) -> None:
        outs.append((await _run(runtime, process("echo", str(number))))[1])

    async with anyio.create_task_group() as group:
        for number in range(12):
            group.start_soon(one, number)
    assert sorted(outs) == sorted(f"{number}\n" for number in range(12))


def _running(argument: str) -> bool:
    """Whether any process of the machine has an argument."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if argument.encode() in path.read_bytes().split(b"\0"):
                return True
    return False


def _permitted() -> str:
    (mine,) = (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "CapPrm" in line)
    return mine


def _mtime(path: Path) -> int:
    return path.stat().st_mtime_ns


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.exists() else []
