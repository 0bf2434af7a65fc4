"""Unix sockets: one that we listen on, and the way to one of the host, however long their paths are.

A socket's address has room for 107 characters (unix(7)); a path below an open directory is always short.
"""

from __future__ import annotations

import os
import socket
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio

from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anyio.abc import SocketStream

    from engine.core.tree import Owner

_MODE = 0o600
_BACKLOG = 128


def listen_unix(path: Path, owner: Owner) -> socket.socket:
    """Listen on a new socket that is its owner's alone."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)  # noqa: FBT003
        with _short(path) as address:
            listener.bind(address)
        path.chmod(_MODE)
        os.chown(path, owner.uid, owner.gid)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


async def connect_unix(path: Path) -> SocketStream:
    """Connect to a socket of the host; raises OSError."""
    with _short(path) as address:
        return await anyio.connect_unix(address)


def check_socket(path: Path) -> None:
    """Raise EngineError when the host has no socket there."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise EngineError(f"the host has no socket {path}: {(error.strerror or str(error)).lower()}") from error
    if not stat.S_ISSOCK(mode):
        raise EngineError(f"the host has no socket {path}: it is something else")


@contextmanager
def _short(path: Path) -> Iterator[str]:
    descriptor = os.open(path.parent, os.O_PATH | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)
