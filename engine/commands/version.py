"""Print the version, in the form that tools look for."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from engine.version import DAGGER_VERSION, ENGINE_NAME

if TYPE_CHECKING:
    from engine.commands.invocation import Invocation, Parser

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def configure(_parser: Parser) -> None:
    """Declare nothing."""


def execute(_invocation: Invocation) -> int:
    """Print one line."""
    machine = platform.machine()
    print(f"dagger {DAGGER_VERSION} ({ENGINE_NAME}) linux/{_ARCHITECTURES.get(machine, machine)}")  # noqa: T201 (its purpose)
    return 0
