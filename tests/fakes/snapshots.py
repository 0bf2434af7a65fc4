"""Snapshots as plain copies of directories: no mounts, no root."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.core.tree import EMPTY, SnapshotId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class FakeSnapshots:
    """Every snapshot is one layer that holds the whole tree."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._described: dict[SnapshotId, tuple[str, datetime]] = {}
        (folder / "empty").mkdir(parents=True)

    @asynccontextmanager
    async def stage(self, parent: SnapshotId) -> AsyncIterator[FakeStaged]:
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            root = Path(shutil.copytree(self.layer(parent), Path(scratch) / "root", symlinks=True))
            yield FakeStaged(self, root)

    @asynccontextmanager
    async def view(self, snapshot: SnapshotId) -> AsyncIterator[Path]:
        yield self.layer(snapshot)

    def lineage(self, snapshot: SnapshotId) -> tuple[SnapshotId, ...]:
        return (snapshot,) if snapshot else ()

    def layer(self, snapshot: SnapshotId) -> Path:
        return self._folder / (snapshot or "empty")

    def described(self, snapshot: SnapshotId) -> tuple[str, datetime]:
        return self._described[snapshot]

    def keep(self, root: Path, description: str) -> SnapshotId:
        snapshot = SnapshotId(str(len(self._described) + 1))
        root.rename(self.layer(snapshot))
        self._described[snapshot] = description, datetime.now(UTC)
        return snapshot


class FakeStaged:
    """A copy that may be written to."""

    def __init__(self, snapshots: FakeSnapshots, root: Path) -> None:
        self._snapshots = snapshots
        self._root = root
        self._before = _facts(root)
        self._kept = EMPTY

    @property
    def root(self) -> Path:
        return self._root

    def changed(self) -> bool:
        return _facts(self._root) != self._before

    async def commit(self, description: str) -> SnapshotId:
        if self._kept:
            raise RuntimeError("a staged tree is committed once")
        self._kept = self._snapshots.keep(self._root, description)
        return self._kept


def _facts(root: Path) -> dict[Path, tuple[int, ...]]:
    facts = {path: path.lstat() for path in [root, *root.rglob("*")]}
    return {
        path: (fact.st_mode, fact.st_uid, fact.st_gid, fact.st_mtime_ns, fact.st_ino) for path, fact in facts.items()
    }
