"""Read and set what a file has beside its contents: owner, mode, times, extended attributes."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from stat import S_IMODE, S_ISLNK
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.core.tree import Owner

_KEPT = frozenset({"security.capability", "system.posix_acl_access", "system.posix_acl_default"})
_NOT_THERE = frozenset({errno.ENODATA, errno.ENOTSUP, errno.ENOENT})


def extended_attributes(file: str | int) -> dict[str, bytes]:
    """Give the extended attributes that belong to the file; those of overlayfs and of the host's policies do not."""
    try:
        names = os.listxattr(file, follow_symlinks=isinstance(file, int))
    except OSError as error:
        if error.errno in _NOT_THERE:
            return {}
        raise
    return {name: value for name in sorted(names) if _is_kept(name) and (value := _attribute(file, name)) is not None}


def _is_kept(name: str) -> bool:
    return name in _KEPT or (name.startswith(("user.", "trusted.")) and not name.startswith("trusted.overlay."))


def _attribute(file: str | int, name: str) -> bytes | None:
    try:
        return os.getxattr(file, name, follow_symlinks=isinstance(file, int))
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise


def settle(
    file: str | int,
    status: os.stat_result,
    *,
    owner: Owner | None = None,
    mode: int | None = None,
    attributes: dict[str, bytes] | None = None,
    times: bool = True,
) -> None:
    """Give a file the owner, mode, extended attributes and times of `status`, or those that are given instead.

    A path is never followed when it is a link. The order matters: a new owner clears setuid bits and capabilities.
    """
    link = S_ISLNK(status.st_mode)
    by_path = isinstance(file, str)
    uid, gid = (owner.uid, owner.gid) if owner else (status.st_uid, status.st_gid)
    os.chown(file, uid, gid, follow_symlinks=not by_path)
    for name, value in (attributes or {}).items():
        _set_attribute(file, name, value)
    if not link:
        os.chmod(file, S_IMODE(status.st_mode) if mode is None else mode)  # noqa: PTH101 (a str or descriptor)
    if times:
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=not by_path)


def _set_attribute(file: str | int, name: str, value: bytes) -> None:
    # A file system without such attributes (a tmpfs, a network mount) still takes the file.
    try:
        os.setxattr(file, name, value, follow_symlinks=isinstance(file, int))
    except OSError as error:
        if error.errno != errno.ENOTSUP and not (isinstance(file, str) and error.errno == errno.EPERM):
            raise


def set_times(file: str, nanoseconds: int) -> None:
    """Set access and modification time; a link's own, not its target's."""
    with suppress(FileNotFoundError):
        os.utime(file, ns=(nanoseconds, nanoseconds), follow_symlinks=False)
