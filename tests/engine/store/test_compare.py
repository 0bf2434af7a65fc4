"""Differences between directories."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.core.tree import Changes
from tests.engine.store.building import TREES, build, listing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.root

_OLD = {"a": "a", "b": "b", "same/f": "f", "gone/deep/x": "", "was_file": "", "was_dir/x": "", "mode": "m"}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return build(tmp_path / "old", _OLD)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    files = {"a": "A", "same/f": "f", "n/new": "1", "was_file/x": "", "was_dir": "", "mode": "m", "same/g": ""}
    new = build(tmp_path / "new", files)
    (new / "mode").chmod(0o600)
    return new


def test_of_a_removed_directory_only_itself_is_listed(old: Path, new: Path) -> None:
    assert TREES.compare(old, "/", new, "/") == Changes(
        added=("n/", "n/new", "same/g", "was_dir", "was_file/", "was_file/x"),
        modified=("a", "mode"),
        removed=("b", "gone/", "was_dir/", "was_file"),
    )


def test_equal_directories_have_no_differences_whatever_their_times(old: Path, tmp_path: Path) -> None:
    build(tmp_path / "again", _OLD)
    os.utime(tmp_path / "again/a", (1, 1))
    assert TREES.compare(old, "/", tmp_path, "again") == Changes(added=(), modified=(), removed=())
    TREES.diff(old, "/", tmp_path, "again", build(tmp_path / "into", {}))
    assert listing(tmp_path / "into") == []


def test_a_link_that_leads_elsewhere_is_modified(old: Path, new: Path) -> None:
    (old / "l").symlink_to("a")
    (new / "l").symlink_to("b")
    assert "l" in TREES.compare(old, "/", new, "/").modified


def test_parts_of_trees_are_compared(old: Path, new: Path) -> None:
    assert TREES.compare(old, "same", new, "same") == Changes(added=("g",), modified=(), removed=())


def test_a_diff_holds_what_is_new_or_changed_with_its_directories(old: Path, new: Path, tmp_path: Path) -> None:
    os.utime(new / "n/new", (5, 5))
    (new / "same").chmod(0o711)
    TREES.diff(old, "/", new, "/", build(tmp_path / "into", {}))
    names = ["a", "mode", "n", "n/new", "same", "same/g", "was_dir", "was_file", "was_file/x"]
    lines = listing(tmp_path / "into")
    assert [line.split()[0] for line in lines] == names
    assert lines[1] == "mode f 600 0:0"
    assert lines[4] == "same d 711 0:0"
    assert (tmp_path / "into/n/new").stat().st_mtime == 5


def test_a_diff_keeps_the_directories_above_with_their_modes(old: Path, tmp_path: Path) -> None:
    new = build(tmp_path / "new", {**_OLD, "gone/deep/x": "changed"})
    for root in (old, new):
        (root / "gone").chmod(0o1711)
    TREES.diff(old, "/", new, "/", build(tmp_path / "into", {}))
    assert listing(tmp_path / "into") == ["gone d 1711 0:0", "gone/deep d 755 0:0", "gone/deep/x f 644 0:0"]
