"""Folders in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.executor.memory import memory_folder
from engine.linux.mounts import mounts_below

pytestmark = pytest.mark.root


def _type(folder: Path) -> str:
    lines = Path("/proc/thread-self/mountinfo").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.split(" ")[4] == str(folder))
    return line.partition(" - ")[2].split(" ")[0]


def test_what_is_in_a_folder_is_in_memory_and_gone_afterwards(tmp_path: Path) -> None:
    with memory_folder(tmp_path / "m") as folder:
        assert _type(folder) == "tmpfs"
        (folder / "f").write_text("x")
    assert not (tmp_path / "m").exists()


def test_a_folder_is_gone_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(KeyError), memory_folder(tmp_path / "m"):
        raise KeyError
    assert mounts_below(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
