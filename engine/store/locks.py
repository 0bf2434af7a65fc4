"""Locks between sessions: flock(2) on files of the store, freed by the kernel however their holder ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.25


class LockHeld(Exception):
    """Raised when a lock could not be had in time; callers say what that means."""


@contextmanager
def locked(path: Path, *, exclusive: bool = True, timeout: float = 0) -> Iterator[None]:
    """Hold a lock, waiting up to `timeout` seconds; raises LockHeld. Blocking."""
    deadline = time.monotonic() + timeout
    descriptor = _open(path)
    try:
        pause = _FIRST_PAUSE
        while not _taken(descriptor, exclusive=exclusive):
            if time.monotonic() >= deadline:
                raise LockHeld(os.fspath(path))
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def locked_async(path: Path, *, exclusive: bool = True) -> AsyncIterator[None]:
    """Hold a lock, waiting as long as it takes; cancellable, and the event loop runs on.

    It asks again and again rather than blocking in a thread: a thread in flock(2) cannot be called back.
    """
    descriptor = _open(path)
    try:
        pause = _FIRST_PAUSE
        while not _taken(descriptor, exclusive=exclusive):
            await anyio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _taken(descriptor: int, *, exclusive: bool) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EINTR}:
            return False
        raise
    return True
