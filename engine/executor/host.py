"""Find out what this machine can give to a container."""

from __future__ import annotations

import os
import platform
import resource
import stat
from pathlib import Path

from engine.executor.spec import Device, Host

_NAMES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
)  # fmt: skip
"""In the order of their numbers (linux/capability.h)."""

_MOST_FILES = 1048576
"""What Docker gives; more only makes programs slow that close all they might have open."""

_NOT_DEVICES = frozenset({"pts", "shm", "mqueue", "fd", "hugepages"})
"""Parts of /dev that are file systems or links of the container's own."""


def this_host(init: Path) -> Host:
    """Look at this process's limits and capabilities, and at the machine's devices."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return Host(
        machine=platform.machine(),
        capabilities=_capabilities(Path("/proc/self/status").read_text()),
        open_files=_MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES),
        init=init,
        devices=tuple(_devices(Path("/dev"))),
    )


def _capabilities(status: str) -> frozenset[str]:
    (permitted,) = (int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapPrm:"))
    return frozenset(f"CAP_{name}" for number, name in enumerate(_NAMES) if permitted & 1 << number)


def _devices(folder: Path) -> list[Device]:
    devices: list[Device] = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False) and entry.name not in _NOT_DEVICES:
            devices += _devices(folder / entry.name)
        facts = entry.stat(follow_symlinks=False)
        kind = {stat.S_IFCHR: "c", stat.S_IFBLK: "b"}.get(stat.S_IFMT(facts.st_mode))
        if kind and entry.name != "console":  # /dev/console belongs to a terminal, and there is none
            devices.append(_device(folder / entry.name, kind, facts))
    return devices


def _device(path: Path, kind: str, facts: os.stat_result) -> Device:
    return Device(
        path=os.fspath(path),
        kind=kind,
        major=os.major(facts.st_rdev),
        minor=os.minor(facts.st_rdev),
        mode=stat.S_IMODE(facts.st_mode),
        uid=facts.st_uid,
        gid=facts.st_gid,
    )
