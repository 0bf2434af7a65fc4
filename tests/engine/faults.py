"""A session that is treated badly: a client that speaks HTTP by hand, and what the host still has of a session."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SECONDS = 150


class Refused(AssertionError):
    """A query's error, as its client sees it."""


class Traces:
    """What a session is known by on the host: its processes, and the PID namespaces that they are in.

    The namespaces are held open, so that their numbers are not given to others meanwhile. When nobody is in them any
    more, the mount namespace of the session, all that was mounted in it and its networks are gone with it.
    """

    def __init__(self, pids: Iterable[int]) -> None:
        self._processes = {pid: _began(pid) for pid in pids}
        self._held: dict[str, int] = {}
        for pid in self._processes:
            name = _namespace(pid)
            if name not in {"", _namespace(os.getpid()), *self._held}:
                self._held[name] = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def left(self) -> list[str]:
        """What of it is still there, told for a person; empty once it is gone."""
        found = [pid for pid, began in self._processes.items() if began and _began(pid) == began]
        others = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
        found += [pid for pid in others if _namespace(pid) in self._held and _began(pid)]
        return [f"process {pid} {_command(pid)}" for pid in found]

    def gone(self, seconds: float = 30) -> list[str]:
        """Wait until nothing of it is left; gives what stays, and lets go of the namespaces."""
        eventually(lambda: not self.left(), seconds)
        left = self.left()
        for descriptor in self._held.values():
            os.close(descriptor)
        self._held.clear()
        return left


@dataclass(kw_only=True)
class RunningSession:
    """A session and a client of it."""

    process: subprocess.Popen[bytes]
    port: int
    token: str
    state: Path
    log: Path
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(64))

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{self.token}:".encode()).decode()}

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection that has sent nothing yet."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)

    def sent(self, query: str) -> http.client.HTTPConnection:
        """Send a query without waiting for the answer."""
        connection = self.connect()
        connection.request("POST", "/query", body=json.dumps({"query": query}), headers=self.headers)
        return connection

    def ask(self, query: str) -> dict:
        """Give the data; raises Refused with the first error's message."""
        connection = self.sent(query)
        try:
            answer = json.load(connection.getresponse())
        finally:
            connection.close()
        if answer.get("errors"):
            error = answer["errors"][0]
            more = error.get("extensions", {})
            raise Refused(" ".join([error["message"], more.get("stdout", ""), more.get("stderr", "")]).strip())
        return answer["data"]

    def leaf(self, query: str) -> object:
        """Give what the innermost field of a query has."""
        value: object = self.ask(query)
        while isinstance(value, dict):
            (value,) = value.values()
        return value

    def asking(self, query: str):
        """Ask in a thread of its own; gives the future of the leaf."""
        return self.pool.submit(self.leaf, query)

    def file(self, path: Path) -> str:
        """Id of a file of the host."""
        return str(self.leaf(f'{{ host {{ file(path: "{path}") {{ id }} }} }}'))

    def image(self, path: Path, rest: str) -> str:
        """A query that goes on from the image of an archive."""
        return f'{{ container {{ import(source: "{self.file(path)}") {{ {rest} }} }} }}'

    def close(self) -> int:
        """End it as an SDK does; gives the exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(_SECONDS)

    def processes(self) -> list[int]:
        """The session's process and all below it."""
        return [self.process.pid, *descendants(self.process.pid)]

    def engine(self) -> int:
        """The process that serves: outer process → init → engine."""
        (init,) = children(self.process.pid)
        return children(init)[0]

    def traces(self) -> Traces:
        return Traces(self.processes())


@contextmanager
def session(state: Path, *, wrapper: tuple[str, ...] = (), **environ: str) -> Iterator[RunningSession]:
    """Have a session with that store; killed on exit if it still runs."""
    program = CommandLine(state, **environ)
    log = state.parent / f"{state.name}.{time.monotonic_ns()}.log"
    pipe = subprocess.PIPE
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            [*wrapper, *program.argv("session")],
            stdin=pipe,
            stdout=pipe,
            stderr=stderr,
            env=program.environ,
            cwd=log.parent,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line, log.read_text()
            told = json.loads(line)
            running = RunningSession(
                process=process, port=told["port"], token=told["session_token"], state=state, log=log
            )
            try:
                yield running
                if process.poll() is None and process.stdin and not process.stdin.closed:
                    running.close()
            finally:
                running.pool.shutdown(wait=False, cancel_futures=True)
        finally:
            process.kill()


def sh(script: str, *, salt: str = "", options: str = "") -> str:
    """The call of a step that runs a script; another salt makes it another step."""
    first = f'withEnvVariable(name: "SALT", value: "{salt or os.urandom(8).hex()}") {{ '
    return f'{first}withExec(args: ["sh", "-c", {json.dumps(script)}]{options})'


def step(script: str, field: str = "stdout", **how: str) -> str:
    """A step and what is asked of it, to go on from a container."""
    return f"{sh(script, **how)} {{ {field} }} }}"


def eventually(condition: Callable[[], object], seconds: float = 30) -> bool:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    try:
        tasks = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(child) for text in tasks for child in text.split()]


def descendants(pid: int) -> list[int]:
    return [one for child in children(pid) for one in (child, *descendants(child))]


def commands(pids: list[int]) -> list[str]:
    """Command lines of processes."""
    return [text for pid in pids if (text := _command(pid))]


def resident(pid: int) -> int:
    """Most bytes of memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) << 10


def unfinished(state: Path) -> list[str]:
    """Folders of sessions in a store: unfinished work."""
    return sorted(path.name for path in (state / "staging").iterdir())


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _began(pid: int) -> str:
    """When a process began, which tells it from a later one of its number; empty when it is gone or only unreaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")  # noqa: PTH115 (not a path)
    except OSError:
        return ""
