"""Serve one client: print where, then live until its end of standard input closes (dagger cmd/dagger/session.go)."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

from engine.errors import HostError
from engine.linux.sandbox import run_in_sandbox

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.commands.invocation import Invocation, Parser
    from engine.settings import EngineSettings


def configure(parser: Parser) -> None:
    """Declare what the SDKs give; the verb ignores what it does not know."""
    parser.add_argument("--label", action="append", metavar="NAME:VALUE", help="accepted and ignored")
    parser.add_argument("--project", metavar="DIRECTORY", help="accepted and ignored")
    parser.add_argument("--load-workspace-modules", action="store_true", help="accepted and ignored")


def execute(invocation: Invocation) -> int:
    """Serve in a sandbox."""
    return serve_session(invocation.settings)


def serve_session(
    settings: EngineSettings, *, stop_on: Collection[signal.Signals] = (signal.SIGINT, signal.SIGTERM)
) -> int:
    """Serve one client in a sandbox of its own; raises HostError, which says what this machine does not allow."""
    try:
        return run_in_sandbox(lambda: _run(settings, stop_on))
    except HostError as error:
        from engine.doctor import examine_privileges  # noqa: PLC0415 (late: rarely needed)

        missing = ", ".join(check.name for check in examine_privileges() if not check.ok)
        explained = f"{error}; missing here: {missing} (`python -m engine doctor` says more)" if missing else str(error)
        raise HostError(explained) from error


def _run(settings: EngineSettings, stop_on: Collection[signal.Signals]) -> int:
    import anyio  # noqa: PLC0415 (late: `run` needs this module, but not its imports)

    return anyio.run(_serve, settings, stop_on)


async def _serve(settings: EngineSettings, stop_on: Collection[signal.Signals]) -> int:
    from uuid import uuid4  # noqa: PLC0415

    import anyio  # noqa: PLC0415

    from engine.commands.lifetime import until_told_to_stop  # noqa: PLC0415
    from engine.server.http import serve  # noqa: PLC0415
    from engine.wiring import open_engine  # noqa: PLC0415

    async with open_engine(settings) as handler, anyio.create_task_group() as group:
        token = str(uuid4())

        async def listening(*, task_status: anyio.abc.TaskStatus[int]) -> None:
            await serve(handler, token=token, task_status=task_status)

        port = await group.start(listening)
        _announce(port, token)
        await until_told_to_stop(sys.stdin.fileno() if sys.stdin else None, stop_on)
        group.cancel_scope.cancel()
    return 0


def _announce(port: int, token: str) -> None:
    """Print the one line that the client reads; it may never read another, so nothing may block on writing one."""
    print(json.dumps({"port": port, "session_token": token}), flush=True)  # noqa: T201 (its purpose)
    os.dup2(sys.stderr.fileno() if sys.stderr else os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
