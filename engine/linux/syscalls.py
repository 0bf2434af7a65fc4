"""Thin wrappers around system calls that Python 3.11 lacks, each named as its system call."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# linux/sched.h
CLONE_FS = 0x00000200
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# linux/mount.h
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MNT_DETACH = 2

# linux/prctl.h
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, *paths: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), *paths[:1])
    return result


def mount(source: str, target: str | Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount `source` at `target` (mount(2))."""
    path = os.fspath(target)
    _check(
        _libc.mount(os.fsencode(source), os.fsencode(path), kind.encode(), ctypes.c_ulong(flags), os.fsencode(options)),
        path,
    )


def umount2(target: str | Path, flags: int = 0) -> None:
    """Unmount `target` (umount2(2))."""
    path = os.fspath(target)
    _check(_libc.umount2(os.fsencode(path), flags), path)


def unshare(flags: int) -> None:
    """Leave namespaces, or the shared working directory (CLONE_FS), of this thread (unshare(2))."""
    _check(_libc.unshare(flags))


def setns(descriptor: int, kind: int = 0) -> None:
    """Enter the namespace of an open file descriptor with this thread (setns(2))."""
    _check(_libc.setns(descriptor, kind))


def prctl(option: int, argument: int) -> None:
    """Set an attribute of this process (prctl(2))."""
    _check(_libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0))


def syncfs(descriptor: int) -> None:
    """Write all that is pending on the file system of an open file (syncfs(2))."""
    _check(_libc.syncfs(descriptor))
