"""Which things stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from engine.store.prune import Policy, Root, Thing, prune

if TYPE_CHECKING:
    from collections.abc import Collection

NOW = datetime(2025, 1, 1, tzinfo=UTC)
SIZES = {Thing("snapshot", name): 10 for name in "abcd"} | {Thing("blob", "x"): 5, Thing("volume", "v"): 100}


def _root(days: int, *names: str) -> Root:
    needs = {thing for thing in SIZES if thing.name in names}
    return Root(used=NOW - timedelta(days=days), needs=frozenset(needs))


class FakeShelves:
    """Things and roots in memory."""

    def __init__(self) -> None:
        self.sizes = dict(SIZES)

    def roots(self) -> list[Root]:
        return [_root(9, "a", "b"), _root(1, "a", "c", "x"), _root(3, "v")]

    def things(self) -> dict[Thing, int]:
        return dict(self.sizes)

    def remove(self, things: Collection[Thing]) -> None:
        for thing in things:
            del self.sizes[thing]


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        (Policy(), "abcvx"),
        (Policy(since=NOW - timedelta(days=5)), "acvx"),
        (Policy(since=NOW - timedelta(days=2)), "acx"),
        (Policy(since=NOW), ""),
        (Policy(below=125), "acvx"),
        (Policy(below=124), "acx"),
        (Policy(below=24), ""),
        (Policy(below=1000), "abcvx"),
        (Policy(since=NOW - timedelta(days=5), below=30), "acx"),
    ],
)
def test_what_was_used_last_stays_with_all_it_needs(policy: Policy, kept: str) -> None:
    shelves = FakeShelves()
    pruned = prune(shelves, policy)
    assert "".join(sorted(thing.name for thing in shelves.sizes)) == kept
    assert pruned.freed == sum(SIZES.values()) - sum(shelves.sizes.values())
    assert sum(pruned.count.values()) == len(SIZES) - len(kept)
