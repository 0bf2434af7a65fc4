"""Turn a process into the configuration that an OCI runtime reads (OCI runtime-spec 1.0, config.md)."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.core.process import Bind
from engine.executor.seccomp import seccomp_profile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.core.process import Process, Tmpfs

INIT = "/dev/.init"
"""Where the init is shown: in /dev, a file system in memory, so that no mount point is ever written to the tree."""

_CAPABILITIES = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
)  # fmt: skip
"""What Docker, containerd and BuildKit grant by default."""

_SYSTEM_MOUNTS = (
    ("/proc", "proc", "proc", ("nosuid", "noexec", "nodev")),
    ("/dev", "tmpfs", "tmpfs", ("nosuid", "strictatime", "mode=755", "size=65536k")),
    ("/dev/pts", "devpts", "devpts", ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")),
    ("/dev/shm", "tmpfs", "shm", ("nosuid", "noexec", "nodev", "mode=1777", "size=65536k")),  # noqa: S108
    ("/dev/mqueue", "mqueue", "mqueue", ("nosuid", "noexec", "nodev")),
)
_SYS = ("/sys", "sysfs", "sysfs", ("nosuid", "noexec", "nodev"))

_MASKED = (
    "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
    "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
)  # fmt: skip
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

SYSTEM_TARGETS = (*(target for target, *_ in _SYSTEM_MOUNTS if target.count("/") == 1), _SYS[0])
"""The mount points that every container has in its root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device of the host that a privileged container gets."""

    path: str
    kind: str
    """`c` or `b`."""
    major: int
    minor: int
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What a container can be given on this machine."""

    machine: str
    capabilities: frozenset[str]
    """Those that this process may pass on: a runtime refuses to grant more."""
    open_files: int
    init: Path
    devices: tuple[Device, ...] = ()


def runtime_config(process: Process, host: Host) -> dict[str, object]:
    """Give the whole config.json."""
    return {
        "ociVersion": "1.0.2",
        "process": _process(process, host),
        "root": {"path": os.fspath(process.root), "readonly": False},
        "hostname": process.hostname,
        "mounts": _mounts(process, host),
        "linux": _linux(process, host),
    }


def further_process(process: Process, host: Host, args: Sequence[str]) -> dict[str, object]:
    """Give what starts a further command beside a process: its user, environment and rights."""
    return _process(replace(process, args=tuple(args), init=False), host)


def _process(process: Process, host: Host) -> dict[str, object]:
    return {
        "terminal": False,
        "user": {"uid": process.uid, "gid": process.gid, "umask": 0o022, "additionalGids": list(process.groups)},
        # -g: a signal goes to the whole group of the command, as Dagger's init sends it.
        "args": [INIT, "-g", "--", *process.args] if process.init else list(process.args),
        "env": list(process.env),
        "cwd": process.cwd,
        "capabilities": _capabilities(process, host),
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": host.open_files, "soft": host.open_files}],
        "noNewPrivileges": False,
    }


def _capabilities(process: Process, host: Host) -> dict[str, list[str]]:
    wanted = host.capabilities if process.privileged else host.capabilities.intersection(_CAPABILITIES)
    granted = sorted(wanted)
    return {"bounding": granted, "effective": granted, "permitted": granted}


def _mounts(process: Process, host: Host) -> list[dict[str, object]]:
    sys = _SYS if process.privileged else (*_SYS[:3], (*_SYS[3], "ro"))
    system: list[dict[str, object]] = [
        {"destination": target, "type": kind, "source": source, "options": list(options)}
        for target, kind, source, options in (*_SYSTEM_MOUNTS, sys)
    ]
    init = [_mount(Bind(source=host.init, target=INIT, read_only=True))] if process.init else []
    return [*system, *map(_mount, process.mounts), *init]


def _mount(mount: Bind | Tmpfs) -> dict[str, object]:
    if isinstance(mount, Bind):
        options = ["rbind", "rprivate", *(["ro"] if mount.read_only else [])]
        return {"destination": mount.target, "type": "bind", "source": os.fspath(mount.source), "options": options}
    size = [f"size={mount.size}"] if mount.size else []
    return {
        "destination": mount.target,
        "type": "tmpfs",
        "source": "tmpfs",
        "options": ["nosuid", "mode=1777", *size],
    }


def _linux(process: Process, host: Host) -> dict[str, object]:
    network = {"path": os.fspath(process.network_namespace)} if process.network_namespace else {}
    namespaces: list[dict[str, str]] = [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]
    namespaces.append({"type": "network"} | network)
    if process.privileged:
        return {"namespaces": namespaces, "devices": [_device(device) for device in host.devices]}
    return {
        "namespaces": namespaces,
        "maskedPaths": list(_MASKED),
        "readonlyPaths": list(_READ_ONLY),
        "seccomp": seccomp_profile(host.machine),
    }


def _device(device: Device) -> dict[str, object]:
    return {
        "path": device.path,
        "type": device.kind,
        "major": device.major,
        "minor": device.minor,
        "fileMode": device.mode,
        "uid": device.uid,
        "gid": device.gid,
    }
