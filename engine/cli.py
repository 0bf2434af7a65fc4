"""Stand in for the `dagger` program: find the verb, read the flags, run it, and turn errors into exit codes."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, cast

from engine.commands.flags import add_global_flags, read_settings
from engine.commands.invocation import AlreadyTold, Invocation, Parser, UsageError
from engine.errors import EngineError
from engine.log import Lines, set_up_logging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.commands.invocation import Command

_VERBS = {
    "session": "serve one client, until its input ends (the SDKs start this)",
    "run": "run a command with an engine session",
    "query": "send one GraphQL query",
    "listen": "serve clients on an address, until interrupted",
    "doctor": "check whether this machine can run the engine",
    "prune": "remove what is not needed from the store",
    "cache": "show what is in the store",
    "supported-api": "list which parts of Dagger's API are answered",
    "version": "print the version",
}
_ALIASES = {"r": "run"}
# fmt: off
_NOT_OURS = frozenset((
    "call", "check", "client", "config", "core", "develop", "functions", "generate", "init", "install", "login",
    "logout", "mcp", "migrate", "shell", "toolchain", "uninstall", "up", "update", "workspace",
))
# fmt: on
"""Dagger's verbs for modules and for Dagger Cloud."""


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run a command line; gives the exit code."""
    stderr = Lines(sys.stderr)
    try:
        return _run(
            list(sys.argv[1:] if argv is None else argv), dict(os.environ if environ is None else environ), stderr
        )
    except UsageError as error:
        stderr.write(f"Error: {error}")
        if error.usage:
            stderr.write(error.usage.rstrip())
        return 1
    except AlreadyTold:
        return 1
    except EngineError as error:
        stderr.write(f"Error: {error}")
        return 1
    except BrokenPipeError:
        # Whoever read our output has had enough. Nothing more may be written to it, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _run(argv: list[str], environ: dict[str, str], stderr: Lines) -> int:
    options = argparse.Namespace()
    top = _top_parser()
    top.parse_args(argv, options)
    verb, *rest = options.rest or ["help"]
    verb = _ALIASES.get(verb, verb)
    if options.version:
        verb, rest = "version", []
    if verb == "help":
        if not rest:
            top.print_help()
            return 0
        verb, rest = rest[0], ["--help"]
    command = _command(verb)
    parser = Parser(prog=f"dagger {verb}", description=_VERBS[verb], allow_abbrev=False)
    command.configure(parser)
    add_global_flags(parser)
    if verb == "session":
        parser.parse_known_args(rest, options)  # whatever a newer SDK adds
    else:
        parser.parse_args(rest, options)
    settings = read_settings(options, environ, stderr_is_terminal=sys.stderr is not None and sys.stderr.isatty())
    set_up_logging(stderr, settings.verbosity)
    if "_EXPERIMENTAL_DAGGER_RUNNER_HOST" in environ:
        logging.getLogger(__name__).debug(
            "_EXPERIMENTAL_DAGGER_RUNNER_HOST is ignored: the engine is this program itself"
        )
    os.chdir(settings.workdir)
    return command.execute(Invocation(options=options, settings=settings, environ=environ, stderr=stderr))


def _top_parser() -> Parser:
    verbs = "\n".join(f"  {name:<15}{purpose}" for name, purpose in _VERBS.items())
    parser = Parser(
        prog="dagger",
        description="Run Dagger pipelines on this machine, without Docker and without a daemon.",
        epilog=f"verbs:\n{verbs}\n\n`dagger VERB --help` says more about each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_global_flags(parser)
    parser.add_argument("--version", action="store_true", default=None, help="print the version")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="VERB …", help="what to do")
    return parser


def _command(verb: str) -> Command:
    if verb in _NOT_OURS:
        raise EngineError(
            f"not supported by this engine: dagger {verb}; it runs pipelines, and has no modules and no cloud"
        )
    if verb not in _VERBS:
        raise UsageError(f'unknown command or file "{verb}" for "dagger"')
    return cast("Command", import_module(f"engine.commands.{verb.replace('-', '_')}"))
