"""Show a store directory to `prune`, and remove from it in an order that a crash may interrupt."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.core.tree import SnapshotId
from engine.errors import HostError
from engine.store.database import Database
from engine.store.locks import LockHeld, locked
from engine.store.prune import Policy, Pruned, Root, Thing, prune
from engine.store.removal import hide, remove_tree
from engine.store.serial import number_of, snapshot_of
from engine.store.space import free_reserve, full_disk_explained
from engine.store.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from engine.store.layout import Layout

_BLOCK = 512
SNAPSHOT, BLOB, VOLUME = "snapshot", "blob", "volume"


def prune_store(layout: Layout, policy: Policy, *, timeout: float = 10) -> Pruned:
    """Prune the store; raises HostError when a session still uses it after `timeout` seconds. Blocking."""
    layout.make()
    with _alone(layout, timeout), full_disk_explained(layout.state, "pruning"):
        free_reserve(layout)
        sweep(layout)
        with Database(layout) as database:
            return prune(DirectoryShelves(layout, database), policy)


@contextmanager
def _alone(layout: Layout, timeout: float) -> Iterator[None]:
    lock = locked(layout.sessions_lock, timeout=timeout)
    try:
        lock.__enter__()
    except LockHeld:
        raise HostError(f"the store {layout.state} is in use by a session; prune when it has ended") from None
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


class DirectoryShelves:
    """The state directory as things and roots: results are roots, and so is every volume for itself."""

    def __init__(self, layout: Layout, database: Database) -> None:
        self._layout = layout
        self._database = database

    def roots(self) -> list[Root]:
        """Give results, with whole lineages, and volumes."""
        return [*self._results(), *self._volumes()]

    def things(self) -> Mapping[Thing, int]:
        """Give layers, blobs and volumes with the bytes they take up on the disk."""
        folders = {SNAPSHOT: self._layout.snapshots, BLOB: self._layout.blobs, VOLUME: self._layout.volumes}
        return {Thing(kind, path.name): space_of(path) for kind, folder in folders.items() for path in folder.iterdir()}

    def remove(self, things: Collection[Thing]) -> None:
        """Remove things, then the rows that name them.

        A result counts only when all it names is there, so a crash in between costs nothing, and a full disk gets
        room before SQLite must write. Children go before their parents: what is left is whole.
        """
        for thing in sorted(things, key=_youngest_first):
            remove_tree(hide(self._path(thing)) if thing.kind != BLOB else self._path(thing))
        snapshots = [(number_of(SnapshotId(name)),) for kind, name in things if kind == SNAPSHOT]
        blobs = [(f"sha256:{name}",) for kind, name in things if kind == BLOB]
        with self._database.transaction() as connection:
            forget = "DELETE FROM results WHERE key IN (SELECT key FROM "
            connection.executemany(f"{forget} result_snapshots WHERE snapshot = ?)", snapshots)
            connection.executemany(f"{forget} result_blobs WHERE blob = ?)", blobs)
            connection.executemany("DELETE FROM snapshots WHERE id = ?", snapshots)

    def _path(self, thing: Thing) -> Path:
        match thing.kind:
            case "snapshot":
                return self._layout.snapshots / thing.name
            case "blob":
                return self._layout.blobs / thing.name
            case _:
                return self._layout.volumes / thing.name

    def _results(self) -> Iterator[Root]:
        parents = dict(self._database.rows("SELECT id, parent FROM snapshots"))
        for key, used in self._database.rows("SELECT key, used FROM results"):
            snapshots = self._database.rows("SELECT snapshot FROM result_snapshots WHERE key = ?", (key,))
            blobs = self._database.rows("SELECT blob FROM result_blobs WHERE key = ?", (key,))
            layers = {layer for (snapshot,) in snapshots for layer in _line(snapshot, parents)}
            needs = {Thing(SNAPSHOT, snapshot_of(number)) for number in layers}
            needs |= {Thing(BLOB, blob.removeprefix("sha256:")) for (blob,) in blobs}
            yield Root(used=datetime.fromtimestamp(used, UTC), needs=frozenset(needs))

    def _volumes(self) -> Iterator[Root]:
        for path in self._layout.volumes.iterdir():
            lock = self._layout.locks / "volumes" / path.name
            used = (lock if lock.exists() else path).stat().st_mtime
            yield Root(used=datetime.fromtimestamp(used, UTC), needs=frozenset({Thing(VOLUME, path.name)}))


def _line(snapshot: int | None, parents: Mapping[int, int | None]) -> Iterator[int]:
    while snapshot is not None:
        yield snapshot
        snapshot = parents.get(snapshot)


def _youngest_first(thing: Thing) -> tuple[str, int]:
    return thing.kind, -number_of(SnapshotId(thing.name)) if thing.kind == SNAPSHOT else 0


def space_of(path: Path) -> int:
    """Give the bytes that a file, or a tree, takes up on the disk; a hard link counts once."""
    seen = {(facts := path.lstat()).st_ino: facts.st_blocks}
    pending = [os.fspath(path)] if path.is_dir() and not path.is_symlink() else []
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                facts = entry.stat(follow_symlinks=False)
                seen[facts.st_ino] = facts.st_blocks
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
    return sum(seen.values()) * _BLOCK
