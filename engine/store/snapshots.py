"""Keep file trees as chains of overlay layers, one directory each."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from engine.core.tree import EMPTY
from engine.errors import HostError
from engine.linux.overlay import Overlays
from engine.store.database import Database, this_boot
from engine.store.mounting import attributes, bind_read_only, copy_attributes, end_writing, unmount
from engine.store.removal import remove_tree
from engine.store.serial import number_of, snapshot_of
from engine.store.space import full_disk_explained
from engine.store.views import Views

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from engine.core.tree import SnapshotId
    from engine.store.layout import Layout
    from engine.store.staging import Staging


_LINEAGE = """
WITH RECURSIVE line(id, parent, depth) AS (
  SELECT id, parent, 0 FROM snapshots WHERE id = ?
  UNION ALL
  SELECT snapshots.id, snapshots.parent, depth + 1 FROM snapshots JOIN line ON snapshots.id = line.parent
)
SELECT id FROM line ORDER BY depth DESC
"""


class OverlaySnapshots:
    """Snapshots as layer directories with a row each; a row is written only when its layer is in place.

    Needs a mount namespace that nobody else looks into. `close` unmounts all.
    """

    def __init__(self, layout: Layout, staging: Staging) -> None:
        self._layout = layout
        self._staging = staging
        self._boot = this_boot()
        self._database = Database(layout)
        self._overlays = Overlays(layout.snapshots)
        self._empty = staging.new_path()
        self._empty.mkdir(mode=0o755)
        self._views = Views(staging.new_path(), self._show)
        # Rows never change, so a lineage that was read once stays true.
        self._lineages: dict[SnapshotId, tuple[SnapshotId, ...]] = {EMPTY: ()}

    def __repr__(self) -> str:
        return f"OverlaySnapshots({self._layout.state}, {self._views})"

    @asynccontextmanager
    async def stage(self, parent: SnapshotId) -> AsyncIterator[StagedLayer]:
        """Open a writable tree over `parent`; thrown away on exit unless committed."""
        staged = StagedLayer(self, parent, self._staging)
        try:
            with full_disk_explained(self._layout.state, "writing a file tree"):
                await run_sync(staged.open)
                yield staged
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(staged.close)

    def view(self, snapshot: SnapshotId) -> AbstractAsyncContextManager[Path]:
        """Show the whole tree of a snapshot, read-only; users at the same time share one mount."""
        return self._views.use(snapshot)

    def lineage(self, snapshot: SnapshotId) -> tuple[SnapshotId, ...]:
        """Give the snapshot's layers, lowest first; empty for the empty tree. Raises HostError when it is not there."""
        known = self._lineages.get(snapshot)
        if known is None:
            rows = self._database.rows(_LINEAGE, (number_of(snapshot),))
            if not rows:
                raise self._missing(snapshot)
            known = self._lineages[snapshot] = tuple(snapshot_of(number) for (number,) in rows)
        return known

    def layer(self, snapshot: SnapshotId) -> Path:
        """Directory of what the snapshot changed over its parent, in overlayfs form."""
        return self._layout.layer(snapshot)

    def described(self, snapshot: SnapshotId) -> tuple[str, datetime]:
        """Give description and time of the commit (UTC). Raises HostError when the snapshot is not there."""
        rows = self._database.rows("SELECT description, created FROM snapshots WHERE id = ?", (number_of(snapshot),))
        if not rows:
            raise self._missing(snapshot)
        description, created = rows[0]
        return description, datetime.fromtimestamp(created, UTC)

    def close(self) -> None:
        """Unmount all views and let go of the database. Blocking."""
        self._views.close()
        self._overlays.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def mount_staged(self, parent: SnapshotId, *, root: Path, upper: Path, work: Path) -> None:
        """Mount `upper` over a snapshot, with the attributes of the snapshot's root. Blocking."""
        lineage = self.lineage(parent)
        # The attributes that an overlay's root shows are the upper's own.
        copy_attributes(self._layout.layer(lineage[-1]), upper)
        self._overlays.mount(root, lineage, upper=upper, work=work)

    def new_id(self) -> SnapshotId:
        """Give an id that was never given before. Blocking."""
        with self._database.transaction() as connection:
            number = connection.execute("INSERT INTO serials DEFAULT VALUES").lastrowid or 0
            connection.execute("DELETE FROM serials")
        return snapshot_of(number)

    def keep(self, snapshot: SnapshotId, parent: SnapshotId, upper: Path, description: str) -> None:
        """Move a finished layer into place and write its row: both or, for all who look, neither. Blocking."""
        number = number_of(snapshot)
        values = number, number_of(parent) if parent else None, description, datetime.now(UTC).timestamp(), self._boot
        with self._database.transaction() as connection:
            connection.execute("INSERT INTO snapshots VALUES (?, ?, ?, ?, ?)", values)
            # Inside the transaction: who holds the write lock knows that a layer without a row is a dead session's.
            upper.rename(self._layout.layer(snapshot))
        self._lineages[snapshot] = (*self.lineage(parent), snapshot)

    def _show(self, snapshot: SnapshotId, target: Path) -> None:
        lineage = self.lineage(snapshot)
        if len(lineage) > 1:
            self._overlays.mount(target, lineage)
        else:
            bind_read_only(self._layout.layer(snapshot) if snapshot else self._empty, target)

    def _missing(self, snapshot: SnapshotId) -> HostError:
        return HostError(
            f"snapshot {snapshot!r} is not in the store in {self._layout.state}; run again to make it anew"
        )


class StagedLayer:
    """A layer being written, in the session's staging."""

    def __init__(self, snapshots: OverlaySnapshots, parent: SnapshotId, staging: Staging) -> None:
        self._snapshots = snapshots
        self._staging = staging
        self._parent = parent
        self._upper = staging.new_path()
        self._work = staging.new_path()
        self._root = staging.new_path() if parent else self._upper
        self._id = EMPTY
        self._before: tuple[object, ...] = ()
        self._mounted = False
        self._kept = False

    @property
    def root(self) -> Path:
        """The whole tree, writable."""
        return self._root

    def changed(self) -> bool:
        """Whether anything was written, removed or touched since staging."""
        return any(self._upper.iterdir()) or attributes(self._upper) != self._before

    async def commit(self, description: str) -> SnapshotId:
        """Keep the tree; ends the staging. Never leaves a partial snapshot."""
        if self._kept:
            raise RuntimeError("a staged tree is committed once")
        await run_sync(self._commit, description)
        return self._id

    def open(self) -> None:
        """Make the directories and mount. Blocking."""
        self._id = self._snapshots.new_id()
        self._upper.mkdir()
        # The process's umask does not matter.
        self._upper.chmod(0o755)
        if self._parent:
            self._work.mkdir()
            self._root.mkdir()
            self._snapshots.mount_staged(self._parent, root=self._root, upper=self._upper, work=self._work)
            self._mounted = True
        self._before = attributes(self._upper)

    def close(self) -> None:
        """Unmount and remove what was not committed. Blocking."""
        if self._mounted:
            unmount(self._root)
        if self._kept:
            self._staging.discard(self._work)
            self._staging.discard(self._root)
        else:
            for path in (self._root, self._upper, self._work):
                remove_tree(path)

    def _commit(self, description: str) -> None:
        if self._mounted:
            end_writing(self._root)
            self._mounted = False
        self._snapshots.keep(self._id, self._parent, self._upper, description)
        self._kept = True
