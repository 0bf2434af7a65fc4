"""A session's own folder for unfinished work, and the removal of what killed sessions left."""

from __future__ import annotations

import itertools
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.store.locks import LockHeld, locked
from engine.store.removal import remove_tree, unmount_below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.store.layout import Layout

_LOCK = "lock"
_SECONDS = 60
"""How long to wait for a lock that others hold for moments only."""


class Staging:
    """A session's folder; its lock file tells other sessions that it is alive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count()
        self._remover = ThreadPoolExecutor(1, thread_name_prefix="staging")

    def __repr__(self) -> str:
        return f"Staging({self.folder})"

    def new_path(self) -> Path:
        """Give a path in the folder that nothing is at."""
        return self.folder / str(next(self._numbers))

    def discard(self, path: Path) -> None:
        """Remove a small tree of the folder soon: nobody waits for what some file systems take long for."""
        self._remover.submit(remove_tree, path)

    def close(self) -> None:
        """Wait until what is discarded is gone."""
        self._remover.shutdown()


@contextmanager
def opened_staging(layout: Layout) -> Iterator[Staging]:
    """Make a session's folder, hold its lock, and remove it in the end."""
    with ExitStack() as stack:
        with locked(layout.staging_lock, timeout=_SECONDS):
            folder = Path(tempfile.mkdtemp(prefix="", dir=layout.staging))
            stack.enter_context(locked(folder / _LOCK))
        stack.callback(_remove_folder, layout, folder)
        staging = Staging(folder)
        stack.callback(staging.close)
        yield staging


def sweep_staging(layout: Layout) -> int:
    """Remove the folders of sessions that are no more; gives how many. Leaves running sessions alone."""
    swept = 0
    for folder in sorted(layout.staging.iterdir()):
        with ExitStack() as stack, suppress(LockHeld, FileNotFoundError):
            # A folder is made, and its lock taken, under the staging lock: one whose lock is free is dead.
            with locked(layout.staging_lock, timeout=_SECONDS):
                stack.enter_context(locked(folder / _LOCK))
            _remove_folder(layout, folder)
            swept += 1
    return swept


def _remove_folder(layout: Layout, folder: Path) -> None:
    """Remove a folder whose lock is held; the lock file goes last, so that no other sweep comes in between."""
    unmount_below(folder)
    for path in folder.iterdir():
        if path.name != _LOCK:
            remove_tree(path)
    with locked(layout.staging_lock, timeout=_SECONDS):
        (folder / _LOCK).unlink()
        folder.rmdir()
