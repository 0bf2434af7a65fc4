"""What every implementation of Snapshots does."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from engine.core.tree import EMPTY, SnapshotId
from engine.store.opening import opened_store
from tests.fakes.snapshots import FakeSnapshots

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.solver.ports import Snapshots


@pytest.fixture(params=["fake", pytest.param("overlay", marks=pytest.mark.root)])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Snapshots]:
    if request.param == "fake":
        yield FakeSnapshots(tmp_path)
    else:
        with opened_store(tmp_path) as store:
            yield store.snapshots


async def _commit(snapshots: Snapshots, parent: SnapshotId, **files: str) -> SnapshotId:
    async with snapshots.stage(parent) as staged:
        for name, text in files.items():
            (staged.root / name).write_text(text)
        return await staged.commit(f"write {', '.join(files)}")


async def test_the_empty_tree_is_an_empty_directory(snapshots: Snapshots) -> None:
    assert snapshots.lineage(EMPTY) == ()
    async with snapshots.view(EMPTY) as root:
        assert list(root.iterdir()) == []


async def test_a_committed_tree_can_be_viewed(snapshots: Snapshots) -> None:
    snapshot = await _commit(snapshots, EMPTY, a="one")
    async with snapshots.view(snapshot) as root:
        assert (root / "a").read_text() == "one"


async def test_a_child_shows_what_its_parent_has_and_it_changed(snapshots: Snapshots) -> None:
    parent = await _commit(snapshots, EMPTY, a="one", b="two", c="three")
    async with snapshots.stage(parent) as staged:
        (staged.root / "a").unlink()
        (staged.root / "b").write_text("changed")
        child = await staged.commit("change")
    async with snapshots.view(child) as root, snapshots.view(parent) as old:
        assert {path.name: path.read_text() for path in root.iterdir()} == {"b": "changed", "c": "three"}
        assert {path.name: path.read_text() for path in old.iterdir()} == {"a": "one", "b": "two", "c": "three"}


async def test_what_is_not_committed_is_thrown_away(snapshots: Snapshots) -> None:
    parent = await _commit(snapshots, EMPTY, a="one")
    async with snapshots.stage(parent) as staged:
        (staged.root / "a").write_text("spoilt")
        root = staged.root
    assert not root.exists()
    async with snapshots.view(parent) as view:
        assert (view / "a").read_text() == "one"


async def test_two_children_of_a_parent_do_not_see_each_other(snapshots: Snapshots) -> None:
    parent = await _commit(snapshots, EMPTY, a="one")
    async with snapshots.stage(parent) as left, snapshots.stage(parent) as right:
        (left.root / "l").touch()
        (right.root / "r").touch()
        snapshots_made = [await left.commit("left"), await right.commit("right")]
    for snapshot, names in zip(snapshots_made, (["a", "l"], ["a", "r"]), strict=True):
        async with snapshots.view(snapshot) as root:
            assert sorted(path.name for path in root.iterdir()) == names


async def test_every_commit_has_an_id_of_its_own(snapshots: Snapshots) -> None:
    ids = [await _commit(snapshots, EMPTY, a="same") for _ in range(5)]
    assert len(set(ids)) == 5
    assert EMPTY not in ids


async def test_a_staged_tree_is_unchanged_until_something_is_written(snapshots: Snapshots) -> None:
    parent = await _commit(snapshots, EMPTY, a="one")
    async with snapshots.stage(parent) as staged:
        assert (staged.root / "a").read_text() == "one"
        assert not staged.changed()
        (staged.root / "b").touch()
        assert staged.changed()


@pytest.mark.parametrize("change", ["mode", "time", "removal", "contents"])
async def test_every_kind_of_change_is_noticed(snapshots: Snapshots, change: str) -> None:
    parent = await _commit(snapshots, EMPTY, a="one")
    async with snapshots.stage(parent) as staged:
        match change:
            case "mode":
                staged.root.chmod(0o700)
            case "time":
                os.utime(staged.root, (1, 1))
            case "removal":
                (staged.root / "a").unlink()
            case "contents":
                (staged.root / "a").write_text("two")
        assert staged.changed()


async def test_a_tree_is_committed_once(snapshots: Snapshots) -> None:
    async with snapshots.stage(EMPTY) as staged:
        await staged.commit("first")
        with pytest.raises(RuntimeError):
            await staged.commit("second")


async def test_a_lineage_ends_with_the_snapshot_itself(snapshots: Snapshots) -> None:
    parent = await _commit(snapshots, EMPTY, a="one")
    child = await _commit(snapshots, parent, b="two")
    assert snapshots.lineage(child)[-1] == child
    assert (snapshots.layer(child) / "b").read_text() == "two"


async def test_a_commit_is_described_with_its_time(snapshots: Snapshots) -> None:
    snapshot = await _commit(snapshots, EMPTY, a="one")
    description, created = snapshots.described(snapshot)
    assert description == "write a"
    assert datetime.now(UTC) - timedelta(minutes=1) < created <= datetime.now(UTC)


async def test_many_may_view_a_snapshot_at_once(snapshots: Snapshots) -> None:
    parent = await _commit(snapshots, EMPTY, a="one")
    snapshot = await _commit(snapshots, parent, b="two")
    seen = []

    async def look() -> None:
        async with snapshots.view(snapshot) as root:
            await anyio.lowlevel.checkpoint()
            seen.append((root / "b").read_text())

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(look)
    assert seen == ["two"] * 20
