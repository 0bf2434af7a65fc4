"""Copy and write the contents of files."""

from __future__ import annotations

import errno
import os

_CHUNK = 1 << 30
_PIECE = 1 << 20
_NO_COPY = frozenset(
    {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EPERM, errno.ETXTBSY}
)


def open_for_reading(real: str) -> int:
    """Open a file; a link at the end is an error, and a pipe does not wait."""
    return os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def create(real: str) -> int:
    """Make a new file for writing; an error when anything is there."""
    return os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def copy_contents(source: int, target: int) -> None:
    """Copy from one open file to another, in the kernel where it can."""
    try:
        copied = 0
        while count := os.copy_file_range(source, target, _CHUNK):
            copied += count
    except OSError as error:
        if error.errno not in _NO_COPY:
            raise
        copied = 0
    if not copied:
        # Files of /proc and /sys say that they are empty, and give their text only to read(2).
        _copy_by_reading(source, target)


def _copy_by_reading(source: int, target: int) -> None:
    while data := os.read(source, _PIECE):
        write_all(target, data)
