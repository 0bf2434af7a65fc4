"""Remove results from the store."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from engine.commands.invocation import UsageError

if TYPE_CHECKING:
    from engine.commands.invocation import Invocation, Parser
    from engine.store.prune import Policy

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgt]i?)?b?", re.IGNORECASE)
_AGE = re.compile(r"(\d+)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def configure(parser: Parser) -> None:
    """Declare what stays."""
    parser.description = (
        "Remove from the store what no result needs, and results as told; cache volumes count as results. "
        "Waits for no session: fails when one is running."
    )
    parser.epilog = "example: dagger prune --older-than 7d --keep 20GB"
    parser.add_argument("--all", action="store_true", help="remove everything")
    parser.add_argument(
        "--older-than", type=_age, metavar="AGE", help="remove what was not used for so long (12h, 7d, 2w)"
    )
    parser.add_argument(
        "--keep", type=_size, metavar="SIZE", help="remove what was used longest ago, down to this size (20GB)"
    )


def execute(invocation: Invocation) -> int:
    """Prune, and print what that gave."""
    from engine.store.layout import Layout  # noqa: PLC0415 (late: `--help` needs this module, but not its imports)
    from engine.store.shelves import prune_store  # noqa: PLC0415

    pruned = prune_store(Layout(invocation.settings.state), _policy(invocation.options))
    removed = ", ".join(f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in pruned.count.items())
    print(f"removed {removed or 'nothing'}; {readable_size(pruned.freed)} freed")  # noqa: T201 (its purpose)
    return 0


def readable_size(size: int) -> str:
    """Write bytes as people do: `1.5 GB`."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:  # noqa: PLR2004
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _policy(options: argparse.Namespace) -> Policy:
    from engine.store.prune import Policy  # noqa: PLC0415

    if options.all:
        if options.older_than is not None or options.keep is not None:
            raise UsageError("--all keeps nothing: it does not go with --older-than or --keep")
        return Policy(below=0)
    since = None if options.older_than is None else datetime.now(UTC) - options.older_than
    return Policy(since=since, below=options.keep)


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if not match:
        raise argparse.ArgumentTypeError(f'invalid size "{text}"')
    return int(float(match[1]) * _UNITS[(match[2] or "").lower()])


def _age(text: str) -> timedelta:
    match = _AGE.fullmatch(text)
    if not match:
        raise argparse.ArgumentTypeError(f'invalid age "{text}"')
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
