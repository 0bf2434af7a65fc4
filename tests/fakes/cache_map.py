"""Results in a dictionary."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.core.digest import Digest
    from engine.core.tree import SnapshotId


class FakeCacheMap:
    """All results, and what each needs."""

    def __init__(self) -> None:
        self._results: dict[Digest, tuple[str, frozenset[str]]] = {}

    def get(self, key: Digest) -> Mapping[str, object] | None:
        if key not in self._results:
            return None
        result: Mapping[str, object] = json.loads(self._results[key][0])
        return result

    def put(
        self,
        key: Digest,
        result: Mapping[str, object],
        *,
        snapshots: Sequence[SnapshotId] = (),
        blobs: Sequence[Digest] = (),
    ) -> Mapping[str, object]:
        self._results.setdefault(key, (json.dumps(result), frozenset([*snapshots, *blobs])))
        return self.get(key) or {}

    def forget(self, needed: str) -> None:
        """Lose a snapshot or blob, as a prune does."""
        self._results = {key: entry for key, entry in self._results.items() if needed not in entry[1]}
