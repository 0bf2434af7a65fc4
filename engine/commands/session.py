"""Serve one client: print where, then live until its end of standard input closes (dagger cmd/dagger/session.go)."""

from __future__ import annotations

import json
import os
import select
import sys
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from engine.commands.faults import told
from engine.errors import HostError
from engine.linux.sandbox import run_in_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.commands.invocation import Invocation, Parser
    from engine.log import Lines
    from engine.settings import EngineSettings


def configure(parser: Parser) -> None:
    """Declare what the SDKs give; the verb ignores what it does not know."""
    parser.add_argument("--label", action="append", metavar="NAME:VALUE", help="accepted and ignored")
    parser.add_argument("--project", metavar="DIRECTORY", help="accepted and ignored")
    parser.add_argument("--load-workspace-modules", action="store_true", help="accepted and ignored")


def execute(invocation: Invocation) -> int:
    """Serve in a sandbox."""
    status = 1
    try:
        status = serve_session(invocation)
    finally:
        if status:
            _close_stdout_after_the_end()
    return status


def serve_session(invocation: Invocation) -> int:
    """Serve one client in a sandbox of its own; raises HostError, which says what this machine does not allow."""
    return sandboxed(lambda: _run(invocation.settings), invocation.stderr)


def sandboxed(body: Callable[[], int], stderr: Lines) -> int:
    """Run a body in a sandbox of its own; raises HostError, which says what this machine does not allow."""
    try:
        return run_in_sandbox(lambda: told(body, stderr))
    except HostError as error:
        from engine.doctor import examine_privileges  # noqa: PLC0415 (late: rarely needed)

        missing = ", ".join(check.name for check in examine_privileges() if not check.ok)
        explained = f"{error}; missing here: {missing} (`python -m engine doctor` says more)" if missing else str(error)
        raise HostError(explained) from error


def _close_stdout_after_the_end() -> None:
    """Let stdout end only when this process can be waited for.

    An SDK that sees it end looks at once whether the process has ended too: only then does it tell its user what is on
    stderr. A child that outlives this process by a moment holds stdout open.
    """
    ending = os.pidfd_open(os.getpid())
    if os.fork() == 0:
        os.close(0)
        os.close(2)
        select.select([ending], [], [])
        os._exit(0)


def _run(settings: EngineSettings) -> int:
    import anyio  # noqa: PLC0415 (late: `run` needs this module, but not its imports)

    from engine.commands.lifetime import serve_until_told_to_stop  # noqa: PLC0415

    token = str(uuid4())
    stdin = sys.stdin.fileno() if sys.stdin else None
    serving = partial(serve_until_told_to_stop, settings, token=token, announce=partial(_announce, token), stdin=stdin)
    return anyio.run(serving)


def _announce(token: str, port: int) -> None:
    """Print the one line that the client reads; it may never read another, so nothing may block on writing one."""
    print(json.dumps({"port": port, "session_token": token}), flush=True)  # noqa: T201 (its purpose)
    os.dup2(sys.stderr.fileno() if sys.stderr else os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
