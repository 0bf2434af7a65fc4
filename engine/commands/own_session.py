"""Start a session in a process beside this one, for a verb that needs one; or use the one that is there."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from engine.commands.invocation import AlreadyTold
from engine.commands.session import serve_session
from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.commands.invocation import Invocation

_SECONDS_TO_CLOSE = 60
_TOLD = b"\n"
"""What a session that does not start announces, when it has said why on stderr."""


class SessionFailed(EngineError):
    """Raised when a session does not come up, and has not said why."""


class SessionInterrupted(EngineError):
    """Raised when a signal arrives before the session is up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Where a session listens, and what it wants to hear."""

    port: int
    token: str


@contextmanager
def a_session(invocation: Invocation, *, interrupt: int | None = None) -> Iterator[Session]:
    """Give the session that this process was started in, else one of its own, which ends with the context.

    Something to read on the descriptor `interrupt` ends the wait for the session: SessionInterrupted.
    """
    environ = invocation.environ
    if "DAGGER_SESSION_PORT" in environ:
        yield _outer(environ["DAGGER_SESSION_PORT"], environ.get("DAGGER_SESSION_TOKEN", ""))
        return
    requests, hold = os.pipe()
    announced, announcing = os.pipe()
    pid = _fork(invocation, requests, announcing, (hold, announced))
    os.close(requests)
    os.close(announcing)
    try:
        yield _connection(announced, interrupt)
    finally:
        os.close(hold)  # its end of input
        os.close(announced)
        _reap(pid)


def _outer(port: str, token: str) -> Session:
    if not port.isdecimal():
        raise EngineError(f"Invalid DAGGER_SESSION_PORT: {port}")
    return Session(port=int(port), token=token)


def _fork(invocation: Invocation, requests: int, announcing: int, others: tuple[int, int]) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        for descriptor in others:
            os.close(descriptor)
        _be_session(invocation, requests, announcing)
    return pid


def _be_session(invocation: Invocation, requests: int, announcing: int) -> NoReturn:
    status = 1
    try:
        # Away from the terminal: its Ctrl-C is for the command, which may still want the session while it cleans up.
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(requests, 0)
        os.dup2(announcing, 1)
        os.close(requests)
        os.close(announcing)
        status = serve_session(invocation)
    except EngineError as error:
        invocation.stderr.write(f"Error: {error}")
    finally:
        if status == 1:
            os.write(1, _TOLD)
        os._exit(status)


def _connection(announced: int, interrupt: int | None) -> Session:
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([announced] if interrupt is None else [announced, interrupt], [], [])
        if interrupt in ready:
            raise SessionInterrupted("canceled before the session was up")
        piece = os.read(announced, 4096)
        if not piece:
            raise SessionFailed("the engine's session did not start")
        line += piece
    if line == _TOLD:
        raise AlreadyTold("the engine's session did not start")
    told = json.loads(line)
    return Session(port=told["port"], token=told["session_token"])


def _reap(pid: int) -> None:
    """Wait for the session to close; one that does not is killed, and everything in its namespaces with it."""
    descriptor = os.pidfd_open(pid)
    try:
        ended, _, _ = select.select([descriptor], [], [], _SECONDS_TO_CLOSE)
        if not ended:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    finally:
        os.close(descriptor)
