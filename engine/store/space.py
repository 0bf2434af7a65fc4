"""Bear a full disk: say it in one sentence, and keep what `prune` needs to work."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.store.layout import Layout

_RESERVE = 1 << 20


@contextmanager
def full_disk_explained(state: Path, what: str) -> Iterator[None]:
    """Turn "no space left", from the kernel or from SQLite, into a HostError that names the state directory."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if not _is_full(error):
            raise
        raise HostError(
            f"no space left on {state}: {what} failed; free some space there, or run `python -m engine prune`"
        ) from error


def reserve_space(layout: Layout) -> None:
    """Take up some space that `free_reserve` gives back; without it SQLite could not even be asked what to remove."""
    with layout.reserve.open("ab") as file:
        os.posix_fallocate(file.fileno(), 0, _RESERVE)


def free_reserve(layout: Layout) -> None:
    """Give the reserved space back."""
    layout.reserve.unlink(missing_ok=True)


def _is_full(error: OSError | sqlite3.Error) -> bool:
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
