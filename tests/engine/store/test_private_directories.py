"""Directories on the host for their owner alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.core.tree import Owner
from engine.store.private_directories import make_private_directories
from tests.engine.store.building import build, listing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.root


def test_every_new_level_is_private_and_what_exists_stays(tmp_path: Path) -> None:
    build(tmp_path, {"old": None})
    before = os.umask(0)
    make_private_directories(tmp_path / "old/a/b", Owner(uid=12, gid=34))
    os.umask(before)
    assert listing(tmp_path) == ["old d 755 0:0", "old/a d 700 12:34", "old/a/b d 700 12:34"]


@pytest.mark.parametrize("path", ["f", "f/below"])
def test_a_file_is_no_directory(tmp_path: Path, path: str) -> None:
    build(tmp_path, {"f": ""})
    with pytest.raises(NotADirectoryError):
        make_private_directories(tmp_path / path, Owner(uid=0, gid=0))
