"""Find out whether this machine can run the engine, and what to do where it can not."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from engine.linux.syscalls import (
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    mount,
    unshare,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_MIB = 1024 * 1024
_LEAST_FREE = 2048 * _MIB
_PRIVILEGES = "run as root; in a container, start that with --privileged"
_TUN = Path("/dev/net/tun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that the engine needs, and whether it is there."""

    name: str
    ok: bool
    detail: str
    """What was found, or what is wrong."""
    remedy: str = ""
    package: str = ""
    """The Debian package that would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    names: tuple[str, ...]
    """Any of them will do."""
    package: str
    purpose: str


_PROGRAMS = (
    _Program(names=("crun", "runc"), package="crun", purpose="runs containers"),
    _Program(names=("tini-static",), package="tini", purpose="process 1 of containers"),
    _Program(names=("ip",), package="iproute2", purpose="joins containers to a network"),
    _Program(names=("nft",), package="nftables", purpose="way out of the network, as root"),
    _Program(names=("slirp4netns",), package="slirp4netns", purpose="way out of the network"),
    _Program(names=("skopeo",), package="skopeo", purpose="pulls and pushes images"),
    _Program(names=("git",), package="git", purpose="reads Git repositories"),
    _Program(names=("mmdebstrap",), package="mmdebstrap", purpose="makes base images of Debian packages"),
)


def examine(state: Path) -> list[Check]:
    """Check everything; `state` is the directory that the store is, or will be, in. Leaves nothing behind."""
    return [*examine_privileges(), _overlay(state), _tunnel_device(), *map(_program, _PROGRAMS), _disk(state)]


def examine_privileges() -> list[Check]:
    """Check only what a session cannot start without."""
    return [
        Check(name="root", ok=os.geteuid() == 0, detail=f"user id {os.geteuid()}", remedy=_PRIVILEGES),
        _tried("mount namespace", _mount_namespace, _PRIVILEGES),
        _tried("PID namespace", _pid_namespace, _PRIVILEGES),
        _tried("network namespace", lambda: unshare(CLONE_NEWNET), _PRIVILEGES),
    ]


def packages_to_install(checks: list[Check]) -> list[str]:
    """Give the Debian packages of what is missing, each once."""
    return sorted({check.package for check in checks if check.package and not check.ok})


def _tried(name: str, attempt: Callable[[], None], remedy: str) -> Check:
    problem = _in_child(attempt)
    return Check(name=name, ok=not problem, detail=problem or "works", remedy=remedy)


def _in_child(attempt: Callable[[], None]) -> str:
    """Try something in a process of its own; gives what is wrong, empty when it works."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        problem = ""
        try:
            attempt()
        except OSError as error:
            problem = error.strerror or str(error)
        except BaseException as error:  # noqa: BLE001 (the last frame of this process)
            problem = repr(error)
        os.write(writer, problem.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        problem = pipe.read().decode()
    os.waitpid(pid, 0)
    return problem


def _mount_namespace() -> None:
    unshare(CLONE_NEWNS)
    mount("", "/", flags=MS_REC | MS_PRIVATE)


def _pid_namespace() -> None:
    _mount_namespace()
    unshare(CLONE_NEWPID)
    # Its first child is in the new namespace, and may see it as /proc.
    problem = _in_child(lambda: mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC))
    if problem:
        raise OSError(0, f"/proc cannot be mounted: {problem}")


def _overlay(state: Path) -> Check:
    """Mount an overlay on the state directory's file system, and change and remove a file in it."""
    name = "overlayfs"
    folder = _existing(state)
    remedy = (
        f"put the store on a local ext4, xfs or btrfs with DJANGO_IMAGE_STATE ({folder} is the nearest directory now)"
    )
    try:
        with TemporaryDirectory(dir=folder, prefix=".doctor-") as scratch:
            problem = _in_child(lambda: _try_overlay(Path(scratch)))
    except OSError as error:
        problem = f"cannot write to {folder}: {error.strerror}"
    if problem == os.strerror(errno.EPERM):
        remedy = _PRIVILEGES
    return Check(name=name, ok=not problem, detail=problem or f"works on {folder}", remedy=remedy)


def _try_overlay(scratch: Path) -> None:
    _mount_namespace()
    lower, upper, work, target = (scratch / part for part in ("lower", "upper", "work", "target"))
    for path in (lower, upper, work, target):
        path.mkdir()
    (lower / "gone").touch()
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    mount("overlay", target, "overlay", options=options)
    (target / "gone").unlink()
    whiteout = (upper / "gone").lstat()
    if not stat.S_ISCHR(whiteout.st_mode):
        raise OSError(0, "removing a file leaves no whiteout")
    os.setxattr(upper, "trusted.overlay.opaque", b"y")


def _tunnel_device() -> Check:
    problem = ""
    try:
        os.close(os.open(_TUN, os.O_RDWR))
    except OSError as error:
        problem = error.strerror or str(error)
    remedy = "load it with `modprobe tun`; in a container, start that with --device /dev/net/tun"
    return Check(name=str(_TUN), ok=not problem, detail=problem or "works", remedy=remedy)


def _program(program: _Program) -> Check:
    found = next(filter(None, map(shutil.which, program.names)), None)
    return Check(
        name=" or ".join(program.names),
        ok=found is not None,
        detail=found or f"not found; {program.purpose}",
        remedy=f"apt-get install {program.package}",
        package=program.package,
    )


def _disk(state: Path) -> Check:
    folder = _existing(state)
    space = os.statvfs(folder)
    free = space.f_bavail * space.f_frsize
    remedy = "free some, remove old results with `python -m engine prune`, or set DJANGO_IMAGE_STATE to another place"
    detail = f"{free // _MIB} MiB free at {folder}"
    return Check(name="disk space", ok=free >= _LEAST_FREE, detail=detail, remedy=remedy)


def _existing(path: Path) -> Path:
    """Give the nearest directory that exists."""
    for candidate in (path, *path.parents):
        with suppress(OSError):
            if candidate.is_dir():
                return candidate
    return Path("/")
