"""Copies of single paths."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.store.nodes import Copier, Manner, path_beside
from tests.engine.store.building import build, listing


def test_nothing_is_overwritten_unless_files_are_written_beside(tmp_path: Path) -> None:
    build(tmp_path, {"a": "new", "b": "old"})
    status = os.lstat(tmp_path / "a")
    with pytest.raises(FileExistsError):
        Copier(manner=Manner()).copy(str(tmp_path / "a"), status, str(tmp_path / "b"))
    Copier(manner=Manner(beside=True)).copy(str(tmp_path / "a"), status, str(tmp_path / "b"))
    assert (tmp_path / "b").read_text() == "new"


def test_a_failed_copy_leaves_nothing_beside(tmp_path: Path) -> None:
    build(tmp_path, {"a": "new", "d/f": ""})
    with pytest.raises(IsADirectoryError):
        Copier(manner=Manner(beside=True)).copy(str(tmp_path / "a"), os.lstat(tmp_path / "a"), str(tmp_path / "d"))
    assert [line.split()[0] for line in listing(tmp_path)] == ["a", "d", "d/f"]


def test_a_file_replaced_by_a_link_since_it_was_listed_is_not_followed(tmp_path: Path) -> None:
    build(tmp_path, {"secret": "s", "f": ""})
    status = os.lstat(tmp_path / "f")
    (tmp_path / "f").unlink()
    (tmp_path / "f").symlink_to("secret")
    with pytest.raises(OSError, match="symbolic links"):
        Copier(manner=Manner()).copy(str(tmp_path / "f"), status, str(tmp_path / "copy"))


def test_a_path_beside_is_in_the_same_directory(tmp_path: Path) -> None:
    beside = path_beside(str(tmp_path / "f"))
    assert Path(beside).parent == tmp_path
    assert not os.path.lexists(beside)
