"""Say why a container's program can not be started, before it is tried.

An init could only say so on the command's own stderr, mixed with what the command writes, and it would hand a script
without `#!` to a shell, as execvp(3) does and Dagger does not. The texts are those of Go's os/exec, as Dagger's init
gives them.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from typing import TYPE_CHECKING

from engine.executor.rootfs import Rootfs

if TYPE_CHECKING:
    from pathlib import Path

    from engine.core.process import Process

_HEAD = 256
"""As much as the kernel reads of a file to know what it is (BINPRM_BUF_SIZE)."""

_PT_INTERP = 3


def obstacle(process: Process) -> str | None:
    """Give the reason why the process's program will not start, None when nothing is known to stand in its way."""
    rootfs = Rootfs.of(process)
    name = process.args[0]
    if "/" in name:
        return _refusal(rootfs, process, name)
    if any(_runs(rootfs, process, os.path.join(folder, name)) for folder in _search_path(process)):  # noqa: PTH118
        return None
    return f'exec: "{name}": executable file not found in $PATH'


def _search_path(process: Process) -> list[str]:
    values = [entry.partition("=")[2] for entry in process.env if entry.startswith("PATH=")]
    return [folder for folder in values[-1].split(":") if folder] if values else []


def _runs(rootfs: Rootfs, process: Process, path: str) -> bool:
    try:
        _check(rootfs, process, path)
    except OSError:
        return False
    return True


def _refusal(rootfs: Rootfs, process: Process, name: str) -> str | None:
    try:
        interpreter = _check(rootfs, process, name)
        if interpreter:
            _check(rootfs, process, interpreter)
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        return f"fork/exec {name}: {reason[:1].lower()}{reason[1:]}"
    return None


def _check(rootfs: Rootfs, process: Process, name: str) -> str | None:
    """Raise the OSError that execve(2) would; give the path of the interpreter that the file asks for."""
    found = rootfs.find(os.path.join(process.cwd, name))  # noqa: PTH118
    if found.facts is None or found.host is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    if not stat.S_ISREG(found.facts.st_mode) or not _may_execute(process, found.facts):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
    return _interpreter(found.host)


def _may_execute(process: Process, facts: os.stat_result) -> bool:
    if process.uid == 0:
        return bool(facts.st_mode & 0o111)
    if process.uid == facts.st_uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid in (process.gid, *process.groups):
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)


def _interpreter(program: Path) -> str | None:
    with program.open("rb") as file:
        head = file.read(_HEAD)
        if head.startswith(b"\x7fELF"):
            return _loader(head, file.fileno())
    if head.startswith(b"#!"):
        words = head[2:].partition(b"\n")[0].split()
        if words:
            return os.fsdecode(words[0])
    if _handlers_registered():
        return None
    raise OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC), os.fspath(program))


def _loader(head: bytes, descriptor: int) -> str | None:
    """Find the dynamic loader of a 64-bit little-endian program (elf(5)); others are left to the kernel."""
    if head[4:6] != b"\x02\x01":
        return None
    offset, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
    for index in range(count):
        entry = os.pread(descriptor, 56, offset + index * size)
        if len(entry) == 56 and struct.unpack_from("<I", entry)[0] == _PT_INTERP:  # noqa: PLR2004
            start, length = struct.unpack_from("<Q", entry, 8)[0], struct.unpack_from("<Q", entry, 32)[0]
            return os.fsdecode(os.pread(descriptor, length, start).rstrip(b"\0"))
    return None


def _handlers_registered() -> bool:
    """Whether the kernel may know of further kinds of programs (binfmt_misc)."""
    try:
        return bool(set(os.listdir("/proc/sys/fs/binfmt_misc")) - {"register", "status"})  # noqa: PTH208
    except OSError:
        return False
