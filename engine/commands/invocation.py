"""What a verb is run with, and how it says that it was called wrongly."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.log import Lines
    from engine.settings import EngineSettings


class UsageError(EngineError):
    """Raised when a command line makes no sense."""

    def __init__(self, message: str, *, usage: str = "") -> None:
        super().__init__(message)
        self.usage = usage


class AlreadyTold(EngineError):
    """Raised when the user knows: another process has said it on the same stderr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A command line, understood."""

    options: argparse.Namespace
    """The verb's own flags and arguments."""
    settings: EngineSettings
    environ: Mapping[str, str]
    stderr: Lines


class Command(Protocol):
    """A module of this package."""

    def configure(self, parser: Parser) -> None:
        """Declare the verb's flags and arguments."""

    def execute(self, invocation: Invocation) -> int:
        """Do it; gives the exit code."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would exit."""

    def error(self, message: str) -> NoReturn:
        """Complain in the words of Dagger's own command line."""
        message = message.replace("unrecognized arguments: -", "unknown flag: -", 1)
        raise UsageError(message, usage=self.format_usage())
