"""Cache volumes as directories that only this process knows."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.core.digest import Digest


class FakeVolumes:
    """All volumes; one lock for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[Digest, Path] = {}
        self._made = anyio.Lock()
        self._locks: dict[Digest, anyio.Lock] = {}

    @asynccontextmanager
    async def use(
        self, identity: Digest, *, exclusive: bool, fill: Callable[[Path], None] | None = None
    ) -> AsyncIterator[Path]:
        async with self._made:
            if identity not in self._paths:
                self._paths[identity] = await run_sync(self._make, identity, fill)
        if not exclusive:
            yield self._paths[identity]
            return
        async with self._locks.setdefault(identity, anyio.Lock()):
            yield self._paths[identity]

    def _make(self, identity: Digest, fill: Callable[[Path], None] | None) -> Path:
        path = self._folder / identity.removeprefix("sha256:")
        path.mkdir(parents=True, exist_ok=True)
        if fill:
            fill(path)
        return path
