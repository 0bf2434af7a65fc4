"""Opening the store."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from engine.core.tree import EMPTY
from engine.errors import HostError
from engine.linux.syscalls import mount, umount2
from engine.store.layout import Layout
from engine.store.locks import locked
from engine.store.opening import opened_store

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.root


def test_closing_leaves_no_mount_and_no_staging(tmp_path: Path) -> None:
    with opened_store(tmp_path):
        pass
    assert list(Layout(tmp_path).staging.iterdir()) == []


async def test_a_session_that_fails_leaves_no_mount_and_no_staging(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), opened_store(tmp_path) as store:
        async with store.snapshots.stage(EMPTY) as staged:
            snapshot = await staged.commit("base")
        async with store.snapshots.stage(snapshot), store.snapshots.view(snapshot):
            raise ZeroDivisionError
    assert list(Layout(tmp_path).staging.iterdir()) == []


async def test_two_sessions_see_each_others_work(tmp_path: Path) -> None:
    with opened_store(tmp_path) as one, opened_store(tmp_path) as two:
        async with one.snapshots.stage(EMPTY) as staged:
            (staged.root / "file").touch()
            snapshot = await staged.commit("one's")
        digest = one.blobs.put(b"data")
        one.cache_map.put(digest, {"n": 1}, snapshots=[snapshot], blobs=[digest])
        assert two.cache_map.get(digest) == {"n": 1}
        assert two.blobs.get(digest) == b"data"
        async with two.snapshots.view(snapshot) as root:
            assert (root / "file").exists()


async def test_finished_work_is_settled_at_the_end(tmp_path: Path) -> None:
    with opened_store(tmp_path) as store:
        async with store.snapshots.stage(EMPTY) as staged:
            await staged.commit("base")
        assert store.snapshots._database.rows("SELECT boot IS NULL FROM snapshots") == [(0,)]
    with opened_store(tmp_path) as store:
        assert store.snapshots._database.rows("SELECT boot IS NULL FROM snapshots") == [(1,)]


async def test_a_relative_state_directory_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with opened_store(type(tmp_path)("state")) as store:
        async with store.snapshots.stage(EMPTY) as staged:
            base = await staged.commit("base")
        async with store.snapshots.stage(base) as staged:
            (staged.root / "file").touch()
            child = await staged.commit("child")
        async with store.snapshots.view(child) as root:
            assert (root / "file").exists()


def test_a_store_that_is_being_pruned_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.opening._PRUNE_SECONDS", 0.1)
    layout = Layout(tmp_path)
    layout.make()
    with locked(layout.sessions_lock), pytest.raises(HostError, match="pruned"), opened_store(tmp_path):
        pass


def test_a_full_disk_is_said_at_once(tmp_path: Path) -> None:
    mount("tmpfs", tmp_path, "tmpfs", options="size=512k")
    try:
        with pytest.raises(HostError, match=r"no space left on .*: opening the store failed"), opened_store(tmp_path):
            pass
    finally:
        umount2(tmp_path)
    assert list(tmp_path.iterdir()) == []
