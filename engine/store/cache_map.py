"""Remember what was done before: operation digest → result, in SQLite."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.store.database import Database
from engine.store.serial import number_of, snapshot_of
from engine.store.space import full_disk_explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from engine.core.digest import Digest
    from engine.core.tree import SnapshotId
    from engine.store.layout import Layout

_BATCH = 256
"""How many uses are noted before they are written."""


class SqliteCacheMap:
    """The results of all sessions; a result whose snapshots or blobs are gone is as good as unknown.

    The state is `_used`: keys used in this session, True when that is written already; changed under `_lock`.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._database = Database(layout)
        self._used: dict[Digest, bool] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"SqliteCacheMap({self._layout.state}, {len(self._used)} used)"

    def get(self, key: Digest) -> Mapping[str, object] | None:
        """Give the result of an operation, None when unknown or when something it names was pruned."""
        value = self._find(key)
        if value is None:
            return None
        self._note(key)
        return _decoded(value)

    def put(
        self,
        key: Digest,
        result: Mapping[str, object],
        *,
        snapshots: Sequence[SnapshotId] = (),
        blobs: Sequence[Digest] = (),
    ) -> Mapping[str, object]:
        """Keep a result and what it needs; gives the one that is kept (the first, when two sessions race)."""
        with (
            full_disk_explained(self._layout.state, "remembering a result"),
            self._database.transaction() as connection,
        ):
            kept = self._find(key)
            if kept is None:
                kept = json.dumps(result)
                _replace(connection, key, kept, snapshots, blobs)
        return _decoded(kept)

    def flush(self) -> None:
        """Write when results were last used, for `prune` to judge by."""
        with self._lock:
            keys = [key for key, written in self._used.items() if not written]
            self._used |= dict.fromkeys(keys, True)
        now = time.time()
        with self._database.transaction() as connection:
            connection.executemany("UPDATE results SET used = ? WHERE key = ?", [(now, key) for key in keys])

    def close(self) -> None:
        """Write what is noted and let go of the database. Blocking; idempotent."""
        # Only a hint for `prune`: no reason to fail on a full disk.
        with suppress(sqlite3.Error):
            self.flush()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find(self, key: Digest) -> str | None:
        """Give the text of a result if all it names is there."""
        rows = self._database.rows("SELECT value FROM results WHERE key = ?", (key,))
        return rows[0][0] if rows and self._whole(key) else None

    def _whole(self, key: Digest) -> bool:
        """Whether all that a result names is there: `prune` removes layers before their rows."""
        snapshots = self._database.rows(
            "SELECT snapshot, id FROM result_snapshots LEFT JOIN snapshots ON id = snapshot WHERE key = ?", (key,)
        )
        blobs = self._database.rows("SELECT blob FROM result_blobs WHERE key = ?", (key,))
        return all(row and self._layout.layer(snapshot_of(number)).exists() for number, row in snapshots) and all(
            self._layout.blob(blob).exists() for (blob,) in blobs
        )

    def _note(self, key: Digest) -> None:
        with self._lock:
            self._used.setdefault(key, False)
            pending = sum(not written for written in self._used.values())
        if pending >= _BATCH:
            self.flush()


def _replace(
    connection: sqlite3.Connection, key: Digest, value: str, snapshots: Sequence[SnapshotId], blobs: Sequence[Digest]
) -> None:
    """Write a result over what is left of an earlier one."""
    connection.execute("DELETE FROM results WHERE key = ?", (key,))
    connection.execute("INSERT INTO results VALUES (?, ?, ?)", (key, value, time.time()))
    numbers = {number_of(snapshot) for snapshot in snapshots if snapshot}
    connection.executemany("INSERT INTO result_snapshots VALUES (?, ?)", [(key, number) for number in numbers])
    connection.executemany("INSERT INTO result_blobs VALUES (?, ?)", [(key, blob) for blob in set(blobs)])


def _decoded(value: str) -> Mapping[str, object]:
    result: Mapping[str, object] = json.loads(value)
    return result
