"""Share read-only mounts of snapshots between their users, and keep the last used ones for the next."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from engine.store.mounting import unmount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.core.tree import SnapshotId


@dataclass(slots=True)
class _View:
    path: Path
    users: int = 0
    mounted: bool = False
    making: anyio.Lock = field(default_factory=anyio.Lock)


class Views:
    """Read-only mounts of snapshots, counted.

    The state is `_views`, least recently used first; it is changed without an await in between.
    """

    def __init__(self, folder: Path, show: Callable[[SnapshotId, Path], None], *, idle: int = 64) -> None:
        folder.mkdir(mode=0o755)
        self._folder = folder
        self._show = show
        self._idle = idle
        self._numbers = itertools.count()
        self._views: OrderedDict[SnapshotId, _View] = OrderedDict()

    def __repr__(self) -> str:
        used = sum(view.users > 0 for view in self._views.values())
        return f"Views({used} used, {len(self._views) - used} idle)"

    @asynccontextmanager
    async def use(self, snapshot: SnapshotId) -> AsyncIterator[Path]:
        """Show a snapshot; the mount is shared with all who use it now."""
        view = self._entered(snapshot)
        try:
            async with view.making:
                if not view.mounted:
                    await run_sync(self._mount, snapshot, view.path)
                    view.mounted = True
            yield view.path
        finally:
            view.users -= 1
            stale = self._forget_stale()
            if stale:
                with anyio.CancelScope(shield=True):
                    await run_sync(self._unmount_all, stale)

    def close(self) -> None:
        """Unmount all, used or not. Blocking."""
        stale = list(self._views.values())
        self._views.clear()
        self._unmount_all(stale)

    def _entered(self, snapshot: SnapshotId) -> _View:
        view = self._views.get(snapshot)
        if view is None:
            # A path of its own: the last view of the snapshot may just be being unmounted.
            view = self._views[snapshot] = _View(self._folder / str(next(self._numbers)))
        view.users += 1
        self._views.move_to_end(snapshot)
        return view

    def _forget_stale(self) -> list[_View]:
        idle = [(snapshot, view) for snapshot, view in self._views.items() if not view.users]
        broken = [(snapshot, view) for snapshot, view in idle if not view.mounted]
        whole = [(snapshot, view) for snapshot, view in idle if view.mounted]
        stale = broken + whole[: max(0, len(whole) - self._idle)]
        return [self._views.pop(snapshot) for snapshot, _ in stale]

    def _mount(self, snapshot: SnapshotId, path: Path) -> None:
        path.mkdir(mode=0o755, exist_ok=True)
        self._show(snapshot, path)

    def _unmount_all(self, views: list[_View]) -> None:
        for view in views:
            unmount(view.path)
            if view.path.exists():
                view.path.rmdir()
