"""What is special about overlay snapshots; the rest is in tests/contracts/test_snapshots.py."""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from engine.core.tree import EMPTY, SnapshotId
from engine.errors import EngineError, HostError
from engine.linux.syscalls import mount, umount2
from engine.store.opening import Store, opened_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.root


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened_store(tmp_path / "state") as store:
        yield store


async def _commit(store: Store, parent: SnapshotId, name: str = "file", text: str = "") -> SnapshotId:
    async with store.snapshots.stage(parent) as staged:
        (staged.root / name).write_text(text)
        return await staged.commit(name)


@pytest.mark.slow
async def test_three_hundred_layers_can_be_written_and_viewed(store: Store) -> None:
    snapshot = EMPTY
    for number in range(300):
        snapshot = await _commit(store, snapshot, f"f{number}", str(number))
    assert len(store.snapshots.lineage(snapshot)) == 300
    async with store.snapshots.view(snapshot) as root:
        assert {path.name: path.read_text() for path in root.iterdir()} == {f"f{n}": str(n) for n in range(300)}


@pytest.mark.slow
async def test_four_hundred_and_fifty_long_ids_fit_into_the_mount_options(store: Store) -> None:
    snapshot = await _commit(store, EMPTY)
    with store.snapshots._database.transaction() as connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 60000000")  # ids of six digits
    for _ in range(450):
        snapshot = await _commit(store, snapshot)
    assert len(snapshot) == 5
    async with store.snapshots.view(snapshot) as root:
        assert (root / "file").exists()


async def test_more_layers_than_the_kernel_takes_are_an_error_in_one_sentence(store: Store) -> None:
    with pytest.raises(HostError, match="501 layers"):
        store.snapshots._overlays.mount(store.layout.state, ["1"] * 501)


async def test_lineages_survive_the_session(tmp_path: Path) -> None:
    with opened_store(tmp_path) as store:
        first = await _commit(store, EMPTY)
        second = await _commit(store, first)
    with opened_store(tmp_path) as store:
        assert store.snapshots.lineage(second) == (first, second)
        async with store.snapshots.view(second) as root:
            assert (root / "file").exists()


async def test_an_unknown_snapshot_is_named(store: Store) -> None:
    with pytest.raises(HostError, match="'zz' is not in the store"):
        store.snapshots.lineage(SnapshotId("zz"))
    with pytest.raises(HostError, match="'zz' is not in the store"):
        store.snapshots.described(SnapshotId("zz"))


async def test_a_root_keeps_the_attributes_of_its_parent(store: Store) -> None:
    async with store.snapshots.stage(EMPTY) as staged:
        staged.root.chmod(0o1777)
        os.chown(staged.root, 12, 34)
        os.setxattr(staged.root, "user.note", b"kept")
        os.utime(staged.root, ns=(5, 1_000_000_007))
        parent = await staged.commit("root")
    async with store.snapshots.stage(parent) as staged:
        assert not staged.changed()
        child = await staged.commit("nothing")
    async with store.snapshots.view(child) as root:
        facts = root.stat()
        assert (facts.st_uid, facts.st_gid, stat.S_IMODE(facts.st_mode)) == (12, 34, 0o1777)
        assert facts.st_mtime_ns == 1_000_000_007
        assert os.getxattr(root, "user.note") == b"kept"


async def test_a_new_root_is_0755_whatever_the_umask(store: Store) -> None:
    before = os.umask(0o077)
    try:
        async with store.snapshots.stage(EMPTY) as staged:
            facts = staged.root.stat()
    finally:
        os.umask(before)
    assert (stat.S_IMODE(facts.st_mode), facts.st_uid, facts.st_gid) == (0o755, 0, 0)


async def test_an_extended_attribute_of_the_root_is_a_change(store: Store) -> None:
    parent = await _commit(store, EMPTY)
    async with store.snapshots.stage(parent) as staged:
        os.setxattr(staged.root, "user.note", b"new")
        assert staged.changed()


async def test_reading_is_no_change(store: Store) -> None:
    parent = await _commit(store, EMPTY, "a", "text")
    async with store.snapshots.stage(parent) as staged:
        await anyio.run_process(["grep", "-r", "text", staged.root])
        assert not staged.changed()


async def test_a_layer_holds_only_what_changed_with_whiteouts(store: Store) -> None:
    parent = await _commit(store, EMPTY, "a")
    async with store.snapshots.stage(parent) as staged:
        (staged.root / "a").unlink()
        (staged.root / "b").touch()
        child = await staged.commit("replace")
    layer = store.snapshots.layer(child)
    assert sorted(path.name for path in layer.iterdir()) == ["a", "b"]
    whiteout = (layer / "a").lstat()
    assert stat.S_ISCHR(whiteout.st_mode)
    assert whiteout.st_rdev == 0


async def test_a_layer_holds_whole_files_and_directories(store: Store) -> None:
    async with store.snapshots.stage(EMPTY) as staged:
        (staged.root / "dir").mkdir()
        (staged.root / "dir" / "file").write_text("data")
        parent = await staged.commit("base")
    async with store.snapshots.stage(parent) as staged:
        (staged.root / "dir" / "file").chmod(0o600)
        with pytest.raises(OSError, match="cross-device"):
            (staged.root / "dir").rename(staged.root / "moved")
        child = await staged.commit("chmod")
    assert (store.snapshots.layer(child) / "dir" / "file").read_text() == "data"


@pytest.mark.parametrize("depth", [0, 1, 2])
async def test_a_view_can_not_be_written_to(store: Store, depth: int) -> None:
    snapshot = EMPTY
    for _ in range(depth):
        snapshot = await _commit(store, snapshot)
    async with store.snapshots.view(snapshot) as root:
        with pytest.raises(OSError, match="Read-only"):
            (root / "new").touch()


async def test_views_of_a_snapshot_share_a_mount_and_keep_it_for_the_next(store: Store) -> None:
    snapshot = await _commit(store, EMPTY)
    async with store.snapshots.view(snapshot) as one, store.snapshots.view(snapshot) as two:
        assert one == two
        assert "Views(1 used, 0 idle)" in repr(store.snapshots)
    assert "Views(0 used, 1 idle)" in repr(store.snapshots)
    async with store.snapshots.view(snapshot) as three:
        assert one == three


async def test_only_so_many_idle_views_stay_mounted(store: Store) -> None:
    for _ in range(70):
        async with store.snapshots.view(await _commit(store, EMPTY)):
            pass
    assert "Views(0 used, 64 idle)" in repr(store.snapshots)
    assert len(list((store.snapshots._views._folder).iterdir())) == 64


async def test_a_failed_view_is_tried_anew(store: Store) -> None:
    snapshot = await _commit(store, EMPTY)
    layer = store.snapshots.layer(snapshot)
    aside = layer.rename(layer.with_name(".aside"))
    with pytest.raises(FileNotFoundError):
        async with store.snapshots.view(snapshot):
            pass
    aside.rename(layer)
    async with store.snapshots.view(snapshot) as root:
        assert (root / "file").exists()


async def test_a_cancelled_stage_leaves_nothing(store: Store) -> None:
    parent = await _commit(store, EMPTY)
    before = sorted(store.staging.folder.iterdir())
    with anyio.move_on_after(0.05):
        async with store.snapshots.stage(parent) as staged:
            (staged.root / "half").touch()
            await anyio.sleep_forever()
    assert sorted(store.staging.folder.iterdir()) == before
    assert len(list(store.layout.snapshots.iterdir())) == 1


async def test_a_tree_that_a_process_still_reads_is_kept_but_can_not_change(store: Store) -> None:
    parent = await _commit(store, EMPTY, "a", "text")
    async with store.snapshots.stage(parent) as staged:
        with (staged.root / "a").open() as reader:
            directory = os.open(staged.root, os.O_RDONLY)
            await staged.commit("read")
            assert reader.read() == "text"
            with pytest.raises(OSError, match="Read-only"):
                os.open("late", os.O_WRONLY | os.O_CREAT, dir_fd=directory)
            os.close(directory)


async def test_a_tree_that_a_process_still_writes_is_not_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.mounting._PATIENCE", 0.1)
    parent = await _commit(store, EMPTY)
    async with store.snapshots.stage(parent) as staged:
        with (staged.root / "a").open("w"), pytest.raises(EngineError, match="still writes"):
            await staged.commit("written")
    assert len(list(store.layout.snapshots.iterdir())) == 1


async def test_ids_are_never_used_twice_even_when_their_layers_are_gone(tmp_path: Path) -> None:
    with opened_store(tmp_path) as store:
        first = await _commit(store, EMPTY)
        async with store.snapshots.stage(EMPTY):
            pass
        with store.snapshots._database.transaction() as connection:
            connection.execute("DELETE FROM snapshots")
    with opened_store(tmp_path) as store:
        assert int(await _commit(store, EMPTY), 36) == int(first, 36) + 2


async def test_mounting_does_not_hold_up_the_event_loop(store: Store) -> None:
    snapshot = EMPTY
    for _ in range(50):
        snapshot = await _commit(store, snapshot)
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            start = time.monotonic()
            await anyio.lowlevel.checkpoint()
            longest = max(longest, time.monotonic() - start)

    show = store.snapshots._views._show
    store.snapshots._views._show = lambda snapshot, target: (time.sleep(0.3), show(snapshot, target))[1]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        async with store.snapshots.view(snapshot):
            tasks.cancel_scope.cancel()
    assert longest < 0.25


async def test_a_full_disk_is_said_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    state = tmp_path / "small"
    state.mkdir()
    mount("tmpfs", state, "tmpfs", options="size=4m")
    try:
        with opened_store(state) as store:
            parent = await _commit(store, EMPTY)
            with pytest.raises(HostError, match=f"no space left on {state}: .* run `python -m engine prune`"):
                async with store.snapshots.stage(parent) as staged:
                    (staged.root / "big").write_bytes(bytes(5 << 20))
            assert [path.name for path in store.layout.snapshots.iterdir()] == [parent]
            with pytest.raises(HostError, match="no space left"):
                store.blobs.put(bytes(6 << 20))
            assert store.blobs.digests() == []
            await _commit(store, parent, "small", "fits again")
    finally:
        umount2(state)


async def test_a_state_directory_on_an_overlay_is_refused_with_a_reason(tmp_path: Path) -> None:
    for name in ("lower", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    options = f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    mount("overlay", tmp_path / "merged", "overlay", options=options)
    try:
        with opened_store(tmp_path / "merged" / "state") as store:
            parent = await _commit(store, EMPTY)
            with pytest.raises(HostError, match="state directory on ext4"):
                async with store.snapshots.stage(parent):
                    pass
    finally:
        umount2(tmp_path / "merged")
