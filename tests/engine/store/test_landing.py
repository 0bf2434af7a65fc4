"""Room for what is about to be written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import PathError
from engine.store.chase import chase
from engine.store.landing import make_directories, new_file, room_for_directory, room_for_file
from tests.engine.store.building import build, listing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.root


def test_new_directories_are_roots_with_the_exact_mode(tmp_path: Path) -> None:
    os.chown(tmp_path, 7, 8)
    tmp_path.chmod(0o2755)
    made = make_directories(chase(str(tmp_path), "a/b"), ["a", "b"], 0o777)
    assert (made, listing(tmp_path)) == (f"{tmp_path}/a/b", ["a d 777 0:0", "a/b d 777 0:0"])


def test_what_is_in_the_way_of_a_file_goes(tmp_path: Path) -> None:
    build(tmp_path, {"d/f/deep": "", "file": ""})
    assert room_for_file(str(tmp_path), "d", "f") == f"{tmp_path}/d/f"
    assert room_for_file(str(tmp_path), "file", "x") == f"{tmp_path}/file"
    assert listing(tmp_path) == ["d d 755 0:0"]


def test_the_root_is_no_place_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(".")
    assert room_for_file(str(tmp_path), "loop", "f") == f"{tmp_path}/f"
    with pytest.raises(PathError, match="is a directory"):
        room_for_file(str(tmp_path), "/", "")


def test_room_for_a_directory_says_whether_it_is_new(tmp_path: Path) -> None:
    build(tmp_path, {"d/f": "", "file": ""})
    found = [room_for_directory(str(tmp_path), path) for path in ("d", "file", "new/er", "/")]
    assert [(place.inside, fresh) for place, fresh in found] == [
        ("/d", False),
        ("/file", True),
        ("/new/er", True),
        ("/", False),
    ]


def test_a_new_file_is_closed_in_the_end(tmp_path: Path) -> None:
    with new_file(f"{tmp_path}/f") as descriptor:
        os.write(descriptor, b"x")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
