"""Paths of the store."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from engine.core.digest import Digest, digest_of
from engine.store.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_modes_are_the_same_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    layout = Layout(tmp_path / "a" / "b" / "state")
    before = os.umask(umask)
    try:
        layout.make()
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").rglob("*")}
    private = modes.pop(layout.state)
    assert private == 0o700
    assert set(modes.values()) <= {0o755, 0o755 & ~umask}
    assert layout.blobs in modes


def test_making_it_twice_is_making_it_once(tmp_path: Path) -> None:
    Layout(tmp_path).make()
    Layout(tmp_path).make()


def test_all_paths_are_below_the_state_directory(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    digest = digest_of("x")
    paths = [layout.blob(digest), layout.volume(digest), layout.volume_lock(digest), layout.database, layout.reserve]
    assert all(path.is_relative_to(tmp_path) for path in paths)
    with pytest.raises(ValueError, match="not a SHA-256 digest"):
        layout.volume(Digest("sha256:" + "../" * 21 + "x"))
