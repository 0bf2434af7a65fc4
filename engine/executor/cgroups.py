"""Show the runtime a /sys/fs/cgroup that it accepts, for as long as it needs it."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import HostError
from engine.linux import syscalls

if TYPE_CHECKING:
    from collections.abc import Iterator

_CGROUP = Path("/sys/fs/cgroup")
_FIRST_PID_NAMESPACE = 0xEFFFFFFC
"""Inode of the namespace that the machine started with (linux/proc_ns.h, PROC_PID_INIT_INO)."""


class Cgroups:
    """Covers the `hybrid` layout, which crun refuses even when it is told to leave cgroups alone.

    The cover is there while at least one context is open; the one owner of the count is this object.
    """

    def __init__(self) -> None:
        self._users = 0
        self._lock = threading.Lock()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Cover a hybrid layout within the context. Raises HostError where that would change the host. Blocking."""
        with self._lock:
            covers = self._users > 0 or (_CGROUP / "unified").is_dir()
            if covers and self._users == 0:
                _cover()
            self._users += covers
        try:
            yield
        finally:
            with self._lock:
                self._users -= covers
                if covers and self._users == 0:
                    syscalls.umount2(_CGROUP, syscalls.MNT_DETACH)


def _cover() -> None:
    if _is_the_hosts_own():
        raise HostError("containers run only inside namespaces of the engine's own: start it by its command line")
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("tmpfs", _CGROUP, "tmpfs", flags, "size=4k,mode=555")


def _is_the_hosts_own() -> bool:
    """Whether a mount made here would be seen by who started this process, on the machine itself."""
    if _inode("self", "pid") != _FIRST_PID_NAMESPACE:
        return False
    try:
        return _inode("self", "mnt") == _inode(str(os.getppid()), "mnt")
    except PermissionError:
        return True


def _inode(process: str, kind: str) -> int:
    return Path("/proc", process, "ns", kind).stat().st_ino
