"""Mounts of snapshots."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.store.mounting import attributes, bind_read_only, copy_attributes, unmount

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.root
def test_a_read_only_bind_leaves_its_source_writable(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    bind_read_only(source, target)
    (source / "file").touch()
    assert (target / "file").exists()
    with pytest.raises(OSError, match="Read-only"):
        (target / "file").unlink()
    unmount(target)
    assert list(target.iterdir()) == []


@pytest.mark.root
def test_unmounting_what_is_not_mounted_is_fine(tmp_path: Path) -> None:
    unmount(tmp_path)
    unmount(tmp_path / "missing")


@pytest.mark.root
def test_overlays_own_attributes_are_neither_copied_nor_compared(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir(mode=0o711)
    target.mkdir()
    os.setxattr(source, "trusted.overlay.opaque", b"y")
    os.setxattr(source, "user.note", b"kept")
    copy_attributes(source, target)
    assert os.listxattr(target) == ["user.note"]
    assert attributes(target) == attributes(source)
