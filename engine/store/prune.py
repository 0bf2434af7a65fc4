"""Choose what of the store is kept, and remove the rest: mark from roots, sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime


class Thing(NamedTuple):
    """Something that takes up space: a snapshot's layer, a blob, a volume."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Something that was used, and what it needs."""

    used: datetime
    needs: frozenset[Thing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may stay. Without a limit everything stays that a root needs."""

    since: datetime | None = None
    """Keep only what was used then or later."""
    below: int | None = None
    """Keep only what was used last, until this many bytes are reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a prune removed."""

    count: Mapping[str, int]
    """By kind."""
    freed: int
    """Bytes."""


class Shelves(Protocol):
    """A store, as pruning sees it."""

    def roots(self) -> Iterable[Root]:
        """Give all that was used."""

    def things(self) -> Mapping[Thing, int]:
        """Give all that takes up space, and how many bytes."""

    def remove(self, things: Collection[Thing]) -> None:
        """Remove things, and the roots that need them."""


def prune(shelves: Shelves, policy: Policy) -> Pruned:
    """Remove what no kept root needs. Assumes that it is the store's only user."""
    sizes = shelves.things()
    kept = marked(sorted(shelves.roots(), key=lambda root: root.used, reverse=True), sizes, policy)
    doomed = sizes.keys() - kept
    shelves.remove(doomed)
    kinds = [thing.kind for thing in doomed]
    return Pruned(
        count={kind: kinds.count(kind) for kind in sorted(set(kinds))}, freed=sum(sizes[thing] for thing in doomed)
    )


def marked(roots: Sequence[Root], sizes: Mapping[Thing, int], policy: Policy) -> set[Thing]:
    """Give what the policy keeps of the roots' needs; `roots` are last used first."""
    kept: set[Thing] = set()
    size = 0
    for root in roots:
        new = root.needs - kept
        size += sum(sizes.get(thing, 0) for thing in new)
        if (policy.since and root.used < policy.since) or (policy.below is not None and size > policy.below):
            break
        kept |= new
    return kept
