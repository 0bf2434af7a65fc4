"""Folders in memory: what is in them never reaches a disk, and is gone with the session however that ends."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.linux.syscalls import MNT_DETACH, MS_NODEV, MS_NOEXEC, MS_NOSUID, mount, umount2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def memory_folder(folder: Path) -> Iterator[Path]:
    """Mount a file system in memory at a new folder; all is gone on exit. Needs a mount namespace of its own."""
    folder.mkdir(mode=0o700)
    mount("memory", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755")
    try:
        yield folder
    finally:
        umount2(folder, MNT_DETACH)
        folder.rmdir()
