"""Run a command with a session in its environment (dagger cmd/dagger/run.go)."""

from __future__ import annotations

import argparse
import os
import select
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.commands.invocation import UsageError
from engine.commands.own_session import SessionInterrupted, a_session
from engine.core.duration import parse_duration
from engine.errors import EngineError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.commands.invocation import Invocation, Parser

_CANCELED = 2
_KILLED = 255
_NANOSECONDS = 1_000_000_000


def configure(parser: Parser) -> None:
    """Declare flags, which end where the command begins."""
    parser.usage = "dagger run [FLAGS] COMMAND [ARGUMENT …]"
    parser.epilog = "example: dagger run python pipeline.py"
    parser.add_argument(
        "--cleanup-timeout",
        type=_duration,
        default=10.0,
        metavar="DURATION",
        help="how long an interrupted command may take to end (default 10s)",
    )
    parser.add_argument("--focus", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, help="the command, with DAGGER_SESSION_PORT and _TOKEN set"
    )


def execute(invocation: Invocation) -> int:
    """Run the command; gives its exit code, 255 when a signal killed it, 2 when a signal stopped this process."""
    command = invocation.options.command
    if command[:1] == ["--"]:
        command = command[1:]
    if not command:
        raise UsageError("requires at least 1 arg(s), only received 0", usage="usage: dagger run [FLAGS] COMMAND …")
    with _signals_readable() as signals:
        try:
            with a_session(invocation, interrupt=signals) as session:
                variables = {"DAGGER_SESSION_PORT": str(session.port), "DAGGER_SESSION_TOKEN": session.token}
                code = _run(command, {**invocation.environ, **variables}, signals, invocation.options.cleanup_timeout)
        except SessionInterrupted:
            code = None
    if code is None:
        invocation.stderr.write("run canceled")
        return _CANCELED
    return code


@contextmanager
def _signals_readable() -> Iterator[int]:
    """Turn SIGINT and SIGTERM into something to read on a descriptor."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    previous = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


def _run(command: list[str], environ: Mapping[str, str], signals: int, cleanup_timeout: float) -> int | None:
    """Run to the end; None when a signal to this process stopped it."""
    process = _started(command, environ)
    ending = os.pidfd_open(process.pid)
    try:
        select.select([ending, signals], [], [])
        if not _readable(signals):
            code = process.wait()
            return code if code >= 0 else _KILLED
        process.terminate()
        if not _readable(ending, seconds=cleanup_timeout):
            process.kill()
        process.wait()
        return None
    finally:
        os.close(ending)


def _readable(descriptor: int, *, seconds: float = 0) -> bool:
    return bool(select.select([descriptor], [], [], seconds)[0])


def _started(command: list[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, env=environ)
    except FileNotFoundError as error:
        if "/" not in command[0]:
            raise EngineError(f'exec: "{command[0]}": executable file not found in $PATH') from error
        raise EngineError(f"fork/exec {command[0]}: no such file or directory") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EngineError(f"fork/exec {command[0]}: {reason}") from error


def _duration(text: str) -> float:
    """Read a Go duration, such as `1m30s`, or plain seconds; gives seconds."""
    try:
        return float(text) if text.isdecimal() else parse_duration(text) / _NANOSECONDS
    except InvalidRequest as error:
        raise argparse.ArgumentTypeError(str(error)) from error
