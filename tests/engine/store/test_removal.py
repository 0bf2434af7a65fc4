"""Removing trees."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.store.removal import hide, is_hidden, remove_tree

if TYPE_CHECKING:
    from pathlib import Path


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(outside)
    remove_tree(tree)
    assert not tree.exists()
    (tmp_path / "link").symlink_to(outside)
    remove_tree(tmp_path / "link")
    assert [path.name for path in outside.iterdir()] == ["file"]


def test_what_is_missing_is_fine(tmp_path: Path) -> None:
    remove_tree(tmp_path / "missing")


@pytest.mark.parametrize("depth", [10, 1500])
def test_depth_does_not_matter(tmp_path: Path, depth: int) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for number in range(depth):
        os.close(os.open(f"file{number}", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        os.mkdir("directory", dir_fd=here)
        below = os.open("directory", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    remove_tree(top)
    assert list(tmp_path.iterdir()) == []


def test_a_hidden_tree_is_out_of_the_way_at_once(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    hidden = hide(tmp_path / "tree")
    assert is_hidden(hidden)
    assert not is_hidden(tmp_path / "tree")
    assert list(tmp_path.iterdir()) == [hidden]
