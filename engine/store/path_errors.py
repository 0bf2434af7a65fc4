"""Turn the kernel's errors about files into the engine's, with Dagger's texts."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import HostError, PathError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_THE_HOST = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


def reason(number: int) -> str:
    """Text of an error number as Go prints it, which is what Dagger's users see."""
    text = os.strerror(number)
    return text[:1].lower() + text[1:]


def missing(action: str, path: str) -> PathError:
    """Error for a path that is not there."""
    return PathError(f"{action} {path}: {reason(errno.ENOENT)}")


def not_a_directory(action: str, path: str) -> PathError:
    """Error for a path that leads through, or to, what is no directory."""
    return PathError(f"{action} {path}: {reason(errno.ENOTDIR)}")


@contextmanager
def translated(action: str, path: str, *, on_host: bool = False) -> Iterator[None]:
    """Let no OSError out: PathError when the path is to blame, HostError when the host is.

    `on_host`: name the very file that failed; in a container's tree that would be a path nobody knows.
    """
    try:
        yield
    except OSError as error:
        named = error.filename if on_host and isinstance(error.filename, str) else path
        text = f"{action} {named}: {reason(error.errno or errno.EIO)}"
        raise (HostError if error.errno in _OF_THE_HOST else PathError)(text) from error
