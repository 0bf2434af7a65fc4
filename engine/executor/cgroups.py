"""Show the runtime a /sys/fs/cgroup that it accepts."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import HostError
from engine.linux import syscalls

_CGROUP = Path("/sys/fs/cgroup")
_FIRST_PID_NAMESPACE = 0xEFFFFFFC
"""Inode of the namespace that the machine started with (linux/proc_ns.h, PROC_PID_INIT_INO)."""


def hide_hybrid_cgroups() -> None:
    """Cover the `hybrid` layout, which crun refuses even when it is told to leave cgroups alone. Idempotent.

    Must run in the engine's own mount namespace; raises HostError outside, where it would change the host.
    """
    if not os.path.ismount(_CGROUP / "unified"):
        return
    if os.stat("/proc/self/ns/pid").st_ino == _FIRST_PID_NAMESPACE:  # noqa: PTH116
        raise HostError(
            "containers run only inside the engine's own namespaces; start the engine through its command line"
        )
    syscalls.mount(
        "tmpfs", _CGROUP, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC, "size=0k,mode=555"
    )
