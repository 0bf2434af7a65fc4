"""The flags that every verb has, before or after its name, and the environment variables that stand for them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from engine.commands.invocation import UsageError
from engine.errors import InvalidRequest
from engine.log import Verbosity
from engine.settings import EngineSettings, state_directory

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROGRESS = frozenset({"auto", "plain", "tty", "dots", "logs", "report"})
_NOT_SET = frozenset({"", "0", "f", "false", "no", "off"})
_IGNORED = (
    # Dagger's flags for what this engine does not have; a script that gives them must go on working.
    (("-i", "--interactive"), False),
    (("--interactive-command",), True),
    (("-w", "--web"), False),
    (("--cloud",), False),
    (("-y", "--auto-apply"), False),
    (("-E", "--no-exit"), False),
    (("--lock",), True),
    (("--x-release",), True),
)


def add_global_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags on a parser; several parsers may fill one namespace, one after the other."""
    group = parser.add_argument_group("global flags")
    group.add_argument(
        "--progress", metavar="KIND", help="auto, plain, tty, dots, logs or report: all show plain lines"
    )
    group.add_argument("-s", "--silent", action="store_true", default=None, help="show no progress at all")
    group.add_argument("-q", "--quiet", action="count", help="show only what fails")
    group.add_argument("-v", "--verbose", action="count", help="show more; -vvv shows everything")
    group.add_argument("-d", "--debug", action="store_true", default=None, help="show everything, and the engine's log")
    group.add_argument("--workdir", metavar="DIRECTORY", help="change to this directory first")
    for names, has_value in _IGNORED:
        if has_value:
            group.add_argument(*names, help=argparse.SUPPRESS)
        else:
            group.add_argument(*names, action="store_true", default=None, help=argparse.SUPPRESS)


def read_settings(
    options: argparse.Namespace, environ: Mapping[str, str], *, stderr_is_terminal: bool
) -> EngineSettings:
    """Make settings of the flags, and of the environment where a flag is missing. Raises UsageError, InvalidRequest."""
    progress = options.progress or environ.get("DAGGER_PROGRESS") or "auto"
    if progress not in _PROGRESS:
        raise UsageError(f'unknown progress type "{progress}"')
    if progress == "tty" and not stderr_is_terminal:
        raise UsageError('no tty available for progress "tty"')
    return EngineSettings(
        state=state_directory(environ, Path("~").expanduser()),
        workdir=_workdir(options.workdir or environ.get("DAGGER_WORKDIR") or "."),
        verbosity=_verbosity(options, environ),
        environ=dict(environ),
    )


def is_set(environ: Mapping[str, str], name: str) -> bool:
    """Whether a variable says yes."""
    return environ.get(name, "").lower() not in _NOT_SET


def _workdir(given: str) -> Path:
    workdir = Path(given).absolute()
    if not workdir.is_dir():
        raise InvalidRequest(f"cannot change to the working directory {workdir}: no such directory")
    return workdir


def _verbosity(options: argparse.Namespace, environ: Mapping[str, str]) -> Verbosity:
    if options.silent or is_set(environ, "DAGGER_SILENT"):
        return Verbosity.SILENT
    if options.debug or is_set(environ, "DAGGER_DEBUG"):
        return Verbosity.DEBUG
    quiet = options.quiet or _count(environ.get("DAGGER_QUIET", ""))
    verbose = options.verbose or _count(environ.get("DAGGER_VERBOSE", ""))
    level = Verbosity.NORMAL + verbose - quiet
    return Verbosity(min(max(level, Verbosity.QUIET), Verbosity.DEBUG))


def _count(text: str) -> int:
    return int(text) if text.isdecimal() else int(text.lower() not in _NOT_SET)
