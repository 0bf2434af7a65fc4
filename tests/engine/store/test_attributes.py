"""Owner, mode, times and extended attributes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.core.tree import Owner
from engine.store.attributes import extended_attributes, set_times, settle
from tests.engine.store.building import build, listing

if TYPE_CHECKING:
    from pathlib import Path


def test_a_link_has_attributes_of_its_own_only(tmp_path: Path) -> None:
    build(tmp_path, {"f": ""})
    os.setxattr(tmp_path / "f", "user.a", b"1")
    (tmp_path / "l").symlink_to("f")
    assert extended_attributes(str(tmp_path / "f")) == {"user.a": b"1"}
    assert extended_attributes(str(tmp_path / "l")) == {}


def test_what_has_no_attributes_gives_none() -> None:
    assert extended_attributes("/proc/self/status") == {}


@pytest.mark.root
def test_a_link_is_settled_itself(tmp_path: Path) -> None:
    build(tmp_path, {"f": ""})
    (tmp_path / "l").symlink_to("f")
    settle(str(tmp_path / "l"), os.lstat(tmp_path / "l"), owner=Owner(uid=1, gid=2))
    assert listing(tmp_path) == ["f f 644 0:0", "l l 777 1:2 f"]


def test_times_of_what_went_away_are_nobodys_trouble(tmp_path: Path) -> None:
    set_times(str(tmp_path / "none"), 1)
