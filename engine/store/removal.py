"""Remove file trees of any depth."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from engine.linux.mounts import mounts_below
from engine.linux.syscalls import MNT_DETACH, umount2


def remove_tree(path: Path) -> None:
    """Remove a file, or a directory with all that is in it; links are not followed. What is missing is fine.

    For trees that nobody else changes.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except (RecursionError, OSError) as error:
        # shutil holds a frame and a descriptor for every level.
        if isinstance(error, OSError) and error.errno not in {errno.EMFILE, errno.ENAMETOOLONG}:
            raise
        _remove_deep(path)


def hide(path: Path) -> Path:
    """Make a tree dead at once, though removing it takes time; gives its hidden path, beside it."""
    return path.rename(path.with_name(f".{path.name}"))


def is_hidden(path: Path) -> bool:
    """Whether a tree is dead."""
    return path.name.startswith(".")


def _remove_deep(top: Path) -> None:
    """Move every directory that is found side by side into one, and remove it there."""
    heap = Path(tempfile.mkdtemp(prefix=".removed-", dir=top))
    pending, count = [top], 0
    while pending:
        directory = pending.pop()
        for entry in list(os.scandir(directory)):
            if not entry.is_dir(follow_symlinks=False):
                Path(entry.path).unlink()
            elif Path(entry.path) != heap:
                pending.append(heap / str(count))
                os.rename(entry.path, pending[-1])  # noqa: PTH104 (entry.path is a str)
                count += 1
        if directory != top:
            directory.rmdir()
    heap.rmdir()
    top.rmdir()


def unmount_below(path: Path) -> None:
    """Unmount what is mounted at `path` or below it, in this mount namespace."""
    for target in reversed(mounts_below(path)):
        with suppress(FileNotFoundError):
            umount2(target, MNT_DETACH)
