"""Pruning a real store."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from engine.core.digest import Digest, digest_of
from engine.core.tree import EMPTY, SnapshotId
from engine.errors import HostError
from engine.linux.syscalls import mount, umount2
from engine.store.layout import Layout
from engine.store.opening import Store, opened_store
from engine.store.prune import Policy
from engine.store.shelves import prune_store, space_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.root
OLD, OLD_TOO, NEW = map(digest_of, ("old", "old too", "new"))


async def _commit(store: Store, parent: SnapshotId, size: int = 0) -> SnapshotId:
    async with store.snapshots.stage(parent) as staged:
        (staged.root / "file").write_bytes(bytes(size))
        return await staged.commit("")


async def _filled(state: Path) -> tuple[list[SnapshotId], list[Digest]]:
    """Base with two children, one known by an old result, one by a new; a blob for each; one of each for nobody."""
    with opened_store(state) as store:
        base = await _commit(store, EMPTY)
        snapshots = [base, await _commit(store, base), await _commit(store, base), await _commit(store, EMPTY)]
        blobs = [store.blobs.put(data) for data in (b"old", b"new", b"nobody's")]
        store.cache_map.put(OLD, {}, snapshots=[snapshots[1]], blobs=[blobs[0]])
        store.cache_map.put(OLD_TOO, {}, snapshots=[snapshots[1]])
        store.cache_map.put(NEW, {}, snapshots=[snapshots[2]], blobs=[blobs[1]])
        with store.snapshots._database.transaction() as connection:
            connection.execute("UPDATE results SET used = 1000 WHERE key != ?", (NEW,))
        async with store.volumes.use(digest_of("volume"), exclusive=False) as volume:
            (volume / "file").touch()
    return snapshots, blobs


async def test_without_a_limit_only_what_nobody_names_goes(tmp_path: Path) -> None:
    snapshots, blobs = await _filled(tmp_path)
    pruned = prune_store(Layout(tmp_path), Policy())
    assert pruned.count == {"blob": 1, "snapshot": 1}
    assert pruned.freed > 0
    with opened_store(tmp_path) as store:
        assert store.cache_map.get(OLD) == store.cache_map.get(NEW) == {}
        assert sorted(path.name for path in store.layout.snapshots.iterdir()) == sorted(snapshots[:3])
        assert set(store.blobs.digests()) == set(blobs[:2])


async def test_what_is_old_goes_and_what_the_rest_needs_stays(tmp_path: Path) -> None:
    snapshots, blobs = await _filled(tmp_path)
    prune_store(Layout(tmp_path), Policy(since=datetime.now(UTC) - timedelta(days=1)))
    with opened_store(tmp_path) as store:
        assert store.cache_map.get(OLD) is None
        assert store.cache_map.get(NEW) == {}
        assert store.snapshots.lineage(snapshots[2]) == (snapshots[0], snapshots[2])
        async with store.snapshots.view(snapshots[2]) as root:
            assert (root / "file").exists()
        assert store.blobs.digests() == [blobs[1]]
        assert store.snapshots._database.rows("SELECT key FROM results") == [(NEW,)]
        assert len(list(store.layout.volumes.iterdir())) == 1


async def test_everything_goes_when_nothing_may_stay(tmp_path: Path) -> None:
    await _filled(tmp_path)
    layout = Layout(tmp_path)
    prune_store(layout, Policy(below=0))
    for folder in (layout.snapshots, layout.blobs, layout.volumes):
        assert list(folder.iterdir()) == []
    with opened_store(tmp_path) as store:
        assert store.cache_map.get(NEW) is None
        for table in ("snapshots", "results", "result_snapshots", "result_blobs"):
            assert store.snapshots._database.rows(f"SELECT * FROM {table}") == []


async def test_a_store_in_use_is_not_pruned(tmp_path: Path) -> None:
    with opened_store(tmp_path) as store:
        snapshot = await _commit(store, EMPTY)
        with pytest.raises(HostError, match="in use by a session"):
            prune_store(Layout(tmp_path), Policy(below=0), timeout=0.1)
        assert store.snapshots.layer(snapshot).exists()


async def test_an_interrupted_prune_leaves_a_whole_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots, _ = await _filled(tmp_path)
    done = 0

    def hide_and_crash(path: Path) -> Path:
        nonlocal done
        done += 1
        if done == 3:
            raise KeyboardInterrupt
        return path.rename(path.with_name(f".{path.name}"))

    monkeypatch.setattr("engine.store.shelves.hide", hide_and_crash)
    with pytest.raises(KeyboardInterrupt):
        prune_store(Layout(tmp_path), Policy(below=0))
    monkeypatch.undo()
    with opened_store(tmp_path) as store:
        assert store.cache_map.get(NEW) is None
        left = {path.name for path in store.layout.snapshots.iterdir()}
        assert left == set(snapshots[:2])
        for snapshot in snapshots[:2]:
            async with store.snapshots.view(snapshot) as root:
                assert (root / "file").exists()


async def test_a_full_disk_can_be_pruned(tmp_path: Path) -> None:
    mount("tmpfs", tmp_path, "tmpfs", options="size=8m")
    try:
        with opened_store(tmp_path) as store:
            snapshot = await _commit(store, EMPTY, 2 << 20)
            store.cache_map.put(OLD, {}, snapshots=[snapshot])
        _fill(tmp_path / "filler")
        assert prune_store(Layout(tmp_path), Policy(below=0)).freed >= 2 << 20
        with opened_store(tmp_path) as store:
            await _commit(store, EMPTY, 1 << 19)
    finally:
        umount2(tmp_path)


def _fill(path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        path.write_bytes(bytes(16 << 20))
    with suppress(OSError), path.open("ab", 0) as file:
        while file.write(bytes(512)):
            pass


def test_a_hard_link_takes_up_space_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(1 << 16))
    alone = space_of(tmp_path)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    assert space_of(tmp_path) == alone
