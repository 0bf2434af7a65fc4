"""Open the store for one session."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import HostError
from engine.store.blobs import FileBlobs
from engine.store.cache_map import SqliteCacheMap
from engine.store.layout import Layout
from engine.store.locks import LockHeld, locked
from engine.store.snapshots import OverlaySnapshots
from engine.store.space import full_disk_explained, reserve_space
from engine.store.staging import Staging, opened_staging
from engine.store.sweep import settle, sweep
from engine.store.volumes import DirectoryVolumes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRUNE_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The parts of the store, open."""

    layout: Layout
    staging: Staging
    snapshots: OverlaySnapshots
    blobs: FileBlobs
    cache_map: SqliteCacheMap
    volumes: DirectoryVolumes


@contextmanager
def opened_store(state: Path) -> Iterator[Store]:
    """Open the store, first sweeping away what killed sessions left; raises HostError. Blocking.

    Needs a mount namespace that nobody else looks into, and umask 0 is of no concern: modes are set one by one.
    """
    layout = Layout(state.absolute())
    with ExitStack() as stack:
        with full_disk_explained(state, "opening the store"):
            layout.make()
            stack.enter_context(_session(layout))
            sweep(layout)
            reserve_space(layout)
            stack.callback(settle, layout)
            staging = stack.enter_context(opened_staging(layout))
            snapshots = stack.enter_context(OverlaySnapshots(layout, staging))
            cache_map = stack.enter_context(SqliteCacheMap(layout))
        yield Store(
            layout=layout,
            staging=staging,
            snapshots=snapshots,
            blobs=FileBlobs(layout, staging),
            cache_map=cache_map,
            volumes=DirectoryVolumes(layout, staging),
        )


@contextmanager
def _session(layout: Layout) -> Iterator[None]:
    """Be one of the sessions that use the store; waits for a `prune` that runs."""
    lock = locked(layout.sessions_lock, exclusive=False, timeout=_PRUNE_SECONDS)
    try:
        lock.__enter__()
    except LockHeld:
        raise HostError(
            f"the store in {layout.state} is being pruned for {_PRUNE_SECONDS} seconds; try later"
        ) from None
    try:
        yield
    finally:
        lock.__exit__(None, None, None)
