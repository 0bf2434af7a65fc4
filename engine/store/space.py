"""Bear a full disk: say it in one sentence, and keep what `prune` needs to work."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import EngineError, HostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.store.layout import Layout

_RESERVE = 1 << 20
_LITTLE = 1 << 16
_PRIMARY = 0xFF
"""Mask of SQLite's primary result codes."""


class DiskFull(HostError):
    """Raised when the disk of the store has no space left."""


@contextmanager
def full_disk_explained(state: Path, what: str) -> Iterator[None]:
    """Turn "no space left", from the kernel or from SQLite, into DiskFull, which names the state directory.

    An error that was made of the kernel's, about a path or a layer, counts too.
    """
    try:
        yield
    except DiskFull:
        raise
    except (OSError, sqlite3.Error, EngineError) as error:
        if not _is_full(error, state):
            raise
        raise DiskFull(
            f"no space left on {state}: {what} failed; free some space there, or run `python -m engine prune`"
        ) from error


def reserve_space(layout: Layout) -> None:
    """Take up some space that `free_reserve` gives back; without it SQLite could not even be asked what to remove."""
    with layout.reserve.open("ab") as file:
        os.posix_fallocate(file.fileno(), 0, _RESERVE)


def free_reserve(layout: Layout) -> None:
    """Give the reserved space back."""
    layout.reserve.unlink(missing_ok=True)


def _is_full(error: BaseException | None, state: Path) -> bool:
    while isinstance(error, EngineError):
        error = error.__cause__
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    code = getattr(error, "sqlite_errorcode", 0)
    # SQLite tells a full disk as an input/output error where it maps a file into memory.
    return code == sqlite3.SQLITE_FULL or (code & _PRIMARY == sqlite3.SQLITE_IOERR and _has_no_space(state))


def _has_no_space(state: Path) -> bool:
    disk = os.statvfs(state)
    return disk.f_bavail * disk.f_frsize < _LITTLE
