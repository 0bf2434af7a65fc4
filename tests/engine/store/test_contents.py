"""Copies of contents."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from engine.store.contents import copy_contents, create, open_for_reading, write_all

if TYPE_CHECKING:
    from pathlib import Path

_DATA = bytes(range(251)) * 20000


def _copied(source: str, target: Path) -> bytes:
    read, write = open_for_reading(source), create(str(target))
    copy_contents(read, write)
    os.close(read)
    os.close(write)
    return target.read_bytes()


def test_a_large_file_is_copied_whole(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(_DATA)
    assert _copied(str(tmp_path / "f"), tmp_path / "copy") == _DATA


def test_where_the_kernel_does_not_copy_bytes_are_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EXDEV, "no")

    (tmp_path / "f").write_bytes(_DATA)
    monkeypatch.setattr(os, "copy_file_range", refuse)
    assert _copied(str(tmp_path / "f"), tmp_path / "copy") == _DATA


def test_a_file_that_says_it_is_empty_is_read(tmp_path: Path) -> None:
    assert _copied("/proc/version", tmp_path / "copy").startswith(b"Linux")


def test_a_full_disk_is_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    read, full = open_for_reading(str(tmp_path / "f")), os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(OSError, match="No space left"):
        copy_contents(read, full)
    with pytest.raises(OSError, match="No space left"):
        write_all(full, b"x")
    os.close(read)
    os.close(full)


def test_links_are_not_opened_and_files_not_made_twice(tmp_path: Path) -> None:
    (tmp_path / "l").symlink_to("f")
    with pytest.raises(OSError, match="symbolic links"):
        open_for_reading(str(tmp_path / "l"))
    with pytest.raises(FileExistsError):
        create(str(tmp_path / "l"))
