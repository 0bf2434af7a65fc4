"""Show what is in the store."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from engine.commands.prune import readable_size

if TYPE_CHECKING:
    from pathlib import Path

    from engine.commands.invocation import Invocation, Parser


def configure(parser: Parser) -> None:
    """Declare the form of the answer."""
    parser.add_argument(
        "action", nargs="?", choices=["ls"], default="ls", help="what to do: ls, the default, shows sizes"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(invocation: Invocation) -> int:
    """Print how many things of each kind there are, and how large."""
    state = invocation.settings.state
    counts, sizes = _contents(state)
    total = sum(sizes.values())
    if invocation.options.json:
        kinds = {kind: {"count": counts[kind], "bytes": sizes[kind]} for kind in sorted(counts)}
        print(json.dumps({"state": str(state), "bytes": total, "kinds": kinds}, indent=2))  # noqa: T201 (its purpose)
        return 0
    lines = [f"{kind + 's':<12}{counts[kind]:>8}{readable_size(sizes[kind]):>12}" for kind in sorted(counts)]
    print("\n".join([*lines, f"{'total':<12}{sum(counts.values()):>8}{readable_size(total):>12}  {state}"]))  # noqa: T201
    return 0


def _contents(state: Path) -> tuple[Counter[str], Counter[str]]:
    from engine.store.database import Database  # noqa: PLC0415 (late: `--help` needs this module, but not its imports)
    from engine.store.layout import Layout  # noqa: PLC0415
    from engine.store.shelves import DirectoryShelves  # noqa: PLC0415

    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    if state.is_dir():
        layout = Layout(state)
        layout.make()
        with Database(layout) as database:
            for thing, size in DirectoryShelves(layout, database).things().items():
                counts[thing.kind] += 1
                sizes[thing.kind] += size
    return counts, sizes
