"""The store's one SQLite file: its tables, and transactions on them."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import HostError
from engine.store.locks import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from engine.store.layout import Layout

_VERSION = 1
_BUSY_SECONDS = 60

# `serials` only makes numbers: AUTOINCREMENT never gives one twice, even when the rows are gone.
# `snapshots.boot` is the boot of the machine in which a layer was written, until it is known to be on the disk.
_SCHEMA = """
CREATE TABLE serials (id INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE snapshots (
  id INTEGER PRIMARY KEY,
  parent INTEGER,
  description TEXT NOT NULL,
  created REAL NOT NULL,
  boot TEXT
);
CREATE TABLE results (key TEXT PRIMARY KEY, value TEXT NOT NULL, used REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE result_snapshots (
  key TEXT NOT NULL REFERENCES results ON DELETE CASCADE,
  snapshot INTEGER NOT NULL,
  PRIMARY KEY (key, snapshot)
) WITHOUT ROWID;
CREATE TABLE result_blobs (
  key TEXT NOT NULL REFERENCES results ON DELETE CASCADE,
  blob TEXT NOT NULL,
  PRIMARY KEY (key, blob)
) WITHOUT ROWID;
"""


class Database:
    """One connection, shared by the threads of a process."""

    def __init__(self, layout: Layout) -> None:
        # A thread in a transaction may read too.
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            layout.database, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # Switching to WAL does not wait for other connections, busy timeout or not.
            with locked(layout.database_lock, timeout=_BUSY_SECONDS):
                self._prepare(layout)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, layout: Layout) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        # What the kernel has is safe against kill -9; a power cut may take the last transactions, never a part of one.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
        elif version != _VERSION:
            raise HostError(
                f"the store in {layout.state} has format {version}, this engine reads {_VERSION}; "
                "remove that directory or choose another state directory"
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write alone, across processes; all or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Read."""
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def close(self) -> None:
        """Close the connection; idempotent."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def this_boot() -> str:
    """Give the id of this boot of the machine (random(4))."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
