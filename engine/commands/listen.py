"""Serve clients on an address until interrupted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.commands.invocation import UsageError
from engine.commands.session import sandboxed
from engine.errors import NotSupported

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
    body = partial(_run, invocation, host.strip("[]") or "127.0.0.1", int(port))
    return sandboxed(body, invocation.stderr)


def _run(invocation: Invocation, host: str, port: int) -> int:
    import anyio  # noqa: PLC0415 (late: `--help` needs this module, but not its imports)

    from engine.commands.lifetime import serve_until_told_to_stop  # noqa: PLC0415

    def announce(bound: int) -> None:
        invocation.stderr.write(f"==> server listening on http://{host}:{bound}/query")

    token = invocation.environ.get("DAGGER_SESSION_TOKEN") or None
    serve = partial(serve_until_told_to_stop, invocation.settings, token=token, announce=announce, host=host, port=port)
    return anyio.run(serve)
