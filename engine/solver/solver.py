"""From an operation to its result: known already, under way, or run once and remembered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.core.digest import digest_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.core.digest import Digest
    from engine.core.tree import SnapshotId
    from engine.solver.flights import Flights
    from engine.solver.ports import CacheMap, Json, Progress


MEANING = 1
"""To be raised when an operation comes to give another result: a store must not answer for an older engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an operation gave, and what of the store it needs."""

    result: Json
    snapshots: tuple[SnapshotId, ...] = field(default=())
    blobs: tuple[Digest, ...] = field(default=())


class Solver:
    """Runs operations at most once. Errors are never remembered."""

    def __init__(self, *, cache: CacheMap, flights: Flights, progress: Progress) -> None:
        self._cache = cache
        self._flights = flights
        self.progress = progress

    def __repr__(self) -> str:
        return f"<Solver {self._flights!r}>"

    def known(self, key: Digest) -> Json | None:
        """Give the result of an operation that was done before; blocking."""
        return self._cache.get(_stored(key))

    async def solve(self, key: Digest, run: Callable[[], Awaitable[Outcome]], *, describe: str = "") -> Json:
        """Give the result of the operation that `key` identifies; `describe` names it in the progress."""
        known = self.known(key)
        if known is not None:
            if describe:
                self.progress.started(describe).cached()
            return known
        return await self._flights.join(key, lambda: self._run(key, run))

    async def _run(self, key: Digest, run: Callable[[], Awaitable[Outcome]]) -> Json:
        outcome = await run()
        return self._cache.put(_stored(key), outcome.result, snapshots=outcome.snapshots, blobs=outcome.blobs)


def _stored(key: Digest) -> Digest:
    return digest_of([MEANING, key])
