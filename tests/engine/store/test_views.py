"""Sharing of mounts, with a stand-in for the mounting."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.tree import SnapshotId
from engine.store.views import Views

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = map(SnapshotId, "abc")


class Shown:
    """Counts what was shown; fails as often as it is told to."""

    def __init__(self) -> None:
        self.count: list[SnapshotId] = []
        self.failures = 0
        self.done = False

    def __call__(self, snapshot: SnapshotId, target: Path) -> None:
        assert target.is_dir()
        self.count.append(snapshot)
        if self.failures:
            self.failures -= 1
            raise ZeroDivisionError
        time.sleep(0.05)
        self.done = True


async def test_users_at_once_and_one_after_another_share(tmp_path: Path) -> None:
    shown = Shown()
    views = Views(tmp_path / "views", shown)
    async with views.use(A) as one, views.use(A) as two:
        assert one == two
        assert repr(views) == "Views(1 used, 0 idle)"
    async with views.use(A) as three:
        assert three == one
    assert shown.count == [A]


async def test_many_who_come_while_it_is_being_mounted_share_too(tmp_path: Path) -> None:
    shown = Shown()
    views = Views(tmp_path / "views", shown)
    seen: list[bool] = []

    async def look() -> None:
        async with views.use(A):
            seen.append(shown.done)

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(look)
    assert shown.count == [A]
    assert seen == [True] * 10


async def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    shown = Shown()
    views = Views(tmp_path / "views", shown, idle=2)
    for snapshot in (A, B, A, C, A):
        async with views.use(snapshot):
            pass
    assert shown.count == [A, B, C]
    async with views.use(B):
        assert repr(views) == "Views(1 used, 2 idle)"
    assert shown.count == [A, B, C, B]
    assert len(list((tmp_path / "views").iterdir())) == 2


async def test_used_views_are_never_put_away(tmp_path: Path) -> None:
    views = Views(tmp_path / "views", Shown(), idle=0)
    async with views.use(A) as path:
        async with views.use(B):
            pass
        assert path.is_dir()
    assert repr(views) == "Views(0 used, 0 idle)"


async def test_who_waits_tries_when_the_first_fails(tmp_path: Path) -> None:
    shown = Shown()
    shown.failures = 1
    views = Views(tmp_path / "views", shown)
    ends: list[str] = []

    async def look() -> None:
        try:
            async with views.use(A):
                ends.append("seen")
        except ZeroDivisionError:
            ends.append("failed")

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(look)
    assert sorted(ends) == ["failed", "seen", "seen"]


async def test_a_cancelled_user_counts_no_more(tmp_path: Path) -> None:
    views = Views(tmp_path / "views", Shown(), idle=0)
    with anyio.move_on_after(0.01):
        async with views.use(A):
            await anyio.sleep_forever()
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with views.use(B):
            pytest.fail("entered though cancelled")
    assert repr(views) == "Views(0 used, 0 idle)"
    assert list((tmp_path / "views").iterdir()) == []
