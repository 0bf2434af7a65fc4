"""Keep cache volumes: directories that outlive steps and sessions."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from engine.store.locks import LockHeld, locked, locked_async
from engine.store.removal import remove_tree
from engine.store.space import full_disk_explained

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.core.digest import Digest
    from engine.store.layout import Layout
    from engine.store.staging import Staging


_PAUSE = 0.005
"""Seconds between two looks at a volume that another one makes."""


class DirectoryVolumes:
    """Volumes as directories below `volumes/`; a volume that is there was filled completely."""

    def __init__(self, layout: Layout, staging: Staging) -> None:
        self._layout = layout
        self._staging = staging

    @asynccontextmanager
    async def use(
        self, identity: Digest, *, exclusive: bool, fill: Callable[[Path], None] | None = None
    ) -> AsyncIterator[Path]:
        """Hold a volume; `exclusive`: alone, across sessions. `fill` runs once, when the volume is made."""
        path = self._layout.volume(identity)
        if not path.exists():
            await self._make(identity, fill)
        lock = self._layout.volume_lock(identity)
        async with locked_async(lock, exclusive=exclusive):
            os.utime(lock)
            yield path

    async def _make(self, identity: Digest, fill: Callable[[Path], None] | None) -> None:
        """Make the volume, or wait until another one has: not for the lock, which a step that uses it by then holds."""
        path = self._layout.volume(identity)
        while not path.exists():
            try:
                with locked(self._layout.volume_lock(identity)):
                    if not path.exists():
                        with full_disk_explained(self._layout.state, "filling a cache volume"):
                            await self._filled(path, fill)
            except LockHeld:
                await anyio.sleep(_PAUSE)

    async def _filled(self, path: Path, fill: Callable[[Path], None] | None) -> None:
        """Make the directory beside its place and move it there when it is whole."""
        unfinished = self._staging.new_path()
        try:
            await run_sync(_make_root, unfinished)
            if fill:
                await run_sync(fill, unfinished)
            unfinished.rename(path)
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(remove_tree, unfinished)


def _make_root(path: Path) -> None:
    path.mkdir()
    # The process's umask does not matter.
    path.chmod(0o755)
