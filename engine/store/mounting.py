"""Mount and unmount snapshots: writable while staged, read-only when viewed."""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.linux.syscalls import MNT_DETACH, MS_BIND, MS_NOATIME, MS_RDONLY, MS_REMOUNT, mount, umount2

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 5.0
_PAUSE = 0.02


def bind_read_only(source: Path, target: Path) -> None:
    """Show a directory at another place, not writable there."""
    mount(os.fspath(source), target, flags=MS_BIND)
    mount("", target, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOATIME)


def unmount(target: Path) -> None:
    """Unmount now, in this namespace, or as soon as the last user lets go; what is not mounted is fine."""
    with suppress(FileNotFoundError):
        try:
            umount2(target, MNT_DETACH)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise


def end_writing(target: Path) -> None:
    """Unmount a writable overlay so that nobody can write to it any more; raises EngineError if somebody goes on.

    Readers that are left keep a read-only file system until they let go.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            umount2(target)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
        else:
            return
        with suppress(OSError):
            mount("", target, flags=MS_REMOUNT | MS_RDONLY)
            umount2(target, MNT_DETACH)
            return
        if time.monotonic() > deadline:
            raise EngineError(f"cannot keep the tree at {target}: a process still writes to it")
        time.sleep(_PAUSE)


def copy_attributes(source: Path, target: Path) -> None:
    """Give a directory the owner, mode, extended attributes and times of another."""
    facts = source.stat()
    os.chown(target, facts.st_uid, facts.st_gid)
    target.chmod(stat.S_IMODE(facts.st_mode))
    for name in os.listxattr(source):
        if not name.startswith("trusted.overlay."):
            os.setxattr(target, name, os.getxattr(source, name))
    os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def attributes(path: Path) -> tuple[object, ...]:
    """Owner, mode, extended attributes and modification time of a directory, to be compared."""
    facts = path.stat()
    extended = {name: os.getxattr(path, name) for name in os.listxattr(path) if not name.startswith("trusted.overlay.")}
    return facts.st_uid, facts.st_gid, facts.st_mode, facts.st_mtime_ns, extended
