"""Remove what killed sessions left in the store, and note what has reached the disk."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.core.tree import SnapshotId
from engine.linux.syscalls import syncfs
from engine.store.database import Database, this_boot
from engine.store.locks import LockHeld, locked
from engine.store.removal import hide, is_hidden, remove_tree
from engine.store.serial import number_of
from engine.store.staging import sweep_staging

if TYPE_CHECKING:
    from engine.store.layout import Layout


def sweep(layout: Layout) -> None:
    """Remove dead sessions' folders, layers without a row, and rows without a whole layer.

    Safe beside running sessions; when one of them sweeps, this does nothing.
    """
    with suppress(LockHeld), locked(layout.sweep_lock):
        sweep_staging(layout)
        with Database(layout) as database:
            _reconcile(layout, database)
        for folder in (layout.snapshots, layout.volumes):
            for path in filter(is_hidden, folder.iterdir()):
                remove_tree(path)


def _reconcile(layout: Layout, database: Database) -> None:
    """Keep the snapshots that have a row and a layer, and that no crash of the machine may have hurt."""
    # Under the write lock no session is between moving its layer and writing the row.
    with database.transaction() as connection:
        connection.execute("DELETE FROM snapshots WHERE boot != ?", (this_boot(),))
        rows = {number for (number,) in database.rows("SELECT id FROM snapshots")}
        layers = {number_of(SnapshotId(path.name)): path for path in layout.snapshots.iterdir() if not is_hidden(path)}
        for number in layers.keys() - rows:
            hide(layers[number])
        connection.executemany("DELETE FROM snapshots WHERE id = ?", [(number,) for number in rows - layers.keys()])


def settle(layout: Layout) -> None:
    """Bring all finished work to the disk, so that it outlives a crash of the machine; quick when there is none.

    Until then a snapshot is good for this boot of the machine only: SQLite forces rows to the disk, nobody the layers.
    When it fails, nothing else does.
    """
    with suppress(OSError, sqlite3.Error), Database(layout) as database:
        numbers = database.rows("SELECT id FROM snapshots WHERE boot IS NOT NULL")
        if numbers:
            descriptor = os.open(layout.state, os.O_RDONLY | os.O_DIRECTORY)
            try:
                syncfs(descriptor)
            finally:
                os.close(descriptor)
            with database.transaction() as connection:
                connection.executemany("UPDATE snapshots SET boot = NULL WHERE id = ?", numbers)
