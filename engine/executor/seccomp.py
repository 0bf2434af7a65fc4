"""The system calls that an ordinary container may not make (OCI runtime-spec 1.0, config-linux, Seccomp).

What needs a capability that the container lacks is refused by the kernel already; listed here is what the kernel would
grant and Docker does not, and what has been a way out of containers before.
"""

from __future__ import annotations

import errno

_REFUSED = (
    "acct", "add_key", "bpf", "clock_adjtime", "clock_settime", "delete_module", "finit_module", "fsconfig",
    "fsmount", "fsopen", "fspick", "get_mempolicy", "init_module", "io_uring_enter", "io_uring_register",
    "io_uring_setup", "ioperm", "iopl", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "mbind",
    "mount", "mount_setattr", "move_mount", "move_pages", "open_by_handle_at", "open_tree", "perf_event_open",
    "pivot_root", "quotactl", "quotactl_fd", "reboot", "request_key", "set_mempolicy", "setns", "settimeofday",
    "swapoff", "swapon", "syslog", "umount", "umount2", "unshare", "userfaultfd", "vhangup",
)  # fmt: skip

_NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (linux/sched.h)."""

_S_IFMT = 0o170000
_S_IFBLK = 0o060000

_ARCHITECTURES = {
    "x86_64": ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
    "aarch64": ("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"),
}


def seccomp_profile(machine: str) -> dict[str, object]:
    """Give the profile for a machine as uname(2) names it: all is allowed but what is named here."""
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": list(_ARCHITECTURES.get(machine, ())),
        "syscalls": [
            _refusal(_REFUSED),
            # Its flags are behind a pointer, out of a filter's sight: C libraries then fall back to clone.
            _refusal(("clone3",), error=errno.ENOSYS),
            *(_refusal(("clone",), condition=_masked(0, flag, flag)) for flag in _NEW_NAMESPACES),
            # There is no device cgroup here: a disk of the host must not be opened through a node made inside.
            _refusal(("mknod",), condition=_masked(1, _S_IFMT, _S_IFBLK)),
            _refusal(("mknodat",), condition=_masked(2, _S_IFMT, _S_IFBLK)),
        ],
    }


def _refusal(
    names: tuple[str, ...], *, error: int = errno.EPERM, condition: dict[str, object] | None = None
) -> dict[str, object]:
    refusal: dict[str, object] = {"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": error}
    return refusal | ({"args": [condition]} if condition else {})


def _masked(index: int, mask: int, value: int) -> dict[str, object]:
    return {"index": index, "op": "SCMP_CMP_MASKED_EQ", "value": mask, "valueTwo": value}
