"""Serve clients on an address until interrupted."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from engine.commands.invocation import UsageError
from engine.errors import HostError, NotSupported
from engine.linux.sandbox import run_in_sandbox

if TYPE_CHECKING:
    from engine.commands.invocation import Invocation, Parser


def configure(parser: Parser) -> None:
    """Declare the address."""
    parser.description = (
        "Serve clients on an address, until interrupted. Without DAGGER_SESSION_TOKEN in the environment everybody "
        "who can reach the address may use the engine, and with it this machine's files."
    )
    parser.add_argument(
        "--listen", default="127.0.0.1:8080", metavar="HOST:PORT", help="where (default 127.0.0.1:8080)"
    )
    parser.add_argument("--allow-cors", action="store_true", help="not supported")
    parser.add_argument("--disable-host-read-write", action="store_true", help="not supported")


def execute(invocation: Invocation) -> int:
    """Serve in a sandbox."""
    for flag in ("allow_cors", "disable_host_read_write"):
        if getattr(invocation.options, flag):
            raise NotSupported(f"not supported by this engine: dagger listen --{flag.replace('_', '-')}")
    host, _, port = invocation.options.listen.rpartition(":")
    if not port.isdecimal():
        raise UsageError(f"--listen must be HOST:PORT, not {invocation.options.listen!r}")
    return run_in_sandbox(lambda: _run(invocation, host.strip("[]") or "127.0.0.1", int(port)))


def _run(invocation: Invocation, host: str, port: int) -> int:
    import anyio  # noqa: PLC0415 (late: `--help` needs this module, but not its imports)

    try:
        anyio.run(_serve, invocation, host, port)
    except* OSError as errors:
        raise HostError(f"cannot listen on {host}:{port}: {errors.exceptions[0]}") from errors
    return 0


async def _serve(invocation: Invocation, host: str, port: int) -> None:
    import anyio  # noqa: PLC0415

    from engine.commands.lifetime import until_told_to_stop  # noqa: PLC0415
    from engine.server.http import serve  # noqa: PLC0415
    from engine.wiring import open_engine  # noqa: PLC0415

    token = invocation.environ.get("DAGGER_SESSION_TOKEN") or None
    async with open_engine(invocation.settings) as handler, anyio.create_task_group() as group:

        async def listening(*, task_status: anyio.abc.TaskStatus[int]) -> None:
            await serve(handler, token=token, host=host, port=port, task_status=task_status)

        bound = await group.start(listening)
        invocation.stderr.write(f"==> server listening on http://{host}:{bound}/query")
        await until_told_to_stop(None, (signal.SIGINT, signal.SIGTERM))
        group.cancel_scope.cancel()
