"""Sessions' folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.linux.syscalls import MS_BIND, mount
from engine.store.layout import Layout
from engine.store.staging import opened_staging, sweep_staging

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.make()
    return layout


def test_a_folder_lives_as_long_as_its_session(layout: Layout) -> None:
    with opened_staging(layout) as staging:
        (staging.new_path()).mkdir()
        (staging.new_path()).touch()
        assert staging.folder.parent == layout.staging
    assert list(layout.staging.iterdir()) == []


def test_a_sweep_removes_the_dead_and_leaves_the_living(layout: Layout) -> None:
    dead = layout.staging / "dead"
    (dead / "tree" / "deep").mkdir(parents=True)
    (dead / "lock").touch()
    (layout.staging / "without-lock").mkdir()
    with opened_staging(layout) as staging:
        assert sweep_staging(layout) == 2
        assert list(layout.staging.iterdir()) == [staging.folder]


@pytest.mark.root
def test_a_sweep_never_goes_into_what_is_mounted(layout: Layout, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    target = layout.staging / "dead" / "mounted"
    target.mkdir(parents=True)
    mount(str(precious), target, flags=MS_BIND)
    assert sweep_staging(layout) == 1
    assert (precious / "file").exists()
    assert list(layout.staging.iterdir()) == []
