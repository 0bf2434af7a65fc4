"""Make directories on the host that only their owner may enter."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.core.tree import Owner

_MODE = 0o700


def make_private_directories(directory: Path, owner: Owner) -> None:
    """Make a directory and what is missing above it; what exists stays as it is. Raises OSError."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=_MODE)
        os.chown(path, owner.uid, owner.gid)
        # Not left to mkdir(2): a umask or a default ACL would have its say.
        path.chmod(_MODE)
    if not directory.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fspath(directory))
