"""Find on the host what a container will see at a path: its root, with its mounts in place."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from engine.core.process import Bind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.core.process import Process, Tmpfs

_LINKS = 40
"""As many as the kernel follows (path_resolution(7))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A path of the container without links; `host` is None inside a file system that does not exist yet."""

    path: PurePosixPath
    host: Path | None
    facts: os.stat_result | None
    """None when nothing is there."""


class Rootfs:
    """A process's file system as it will be. Never leaves its root, whatever links say."""

    def __init__(self, root: Path, mounts: Sequence[Bind | Tmpfs]) -> None:
        self._root = root
        self._mounts: dict[PurePosixPath, Bind | Tmpfs] = {}
        for mount in mounts:
            self._mounts[self.find(mount.target).path] = mount

    @classmethod
    def of(cls, process: Process) -> Rootfs:
        """Give the file system of a process."""
        return cls(process.root, process.mounts)

    def find(self, path: str) -> Found:
        """Follow a path and all its links; what is missing is taken literally.

        Raises OSError as the kernel would: ELOOP, and ENOTDIR below something that is no directory.
        """
        links = 0
        rest = list(reversed(PurePosixPath("/", path).parts[1:]))
        here = self._look(PurePosixPath("/"))
        while rest:
            name = rest.pop()
            if name == "..":
                here = self._look(here.path.parent)
                continue
            _require_directory(here)
            here = self._look(here.path / name)
            if here.facts is None or not stat.S_ISLNK(here.facts.st_mode) or here.host is None:
                continue
            links += 1
            if links > _LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = PurePosixPath(here.host.readlink())
            rest.extend(reversed(target.parts[1:] if target.is_absolute() else target.parts))
            here = self._look(PurePosixPath("/") if target.is_absolute() else here.path.parent)
        return here

    def _look(self, path: PurePosixPath) -> Found:
        for mounted in (path, *path.parents):
            mount = self._mounts.get(mounted)
            if mount is not None:
                source = mount.source if isinstance(mount, Bind) else None
                return _found(path, source / path.relative_to(mounted) if source else None)
        return _found(path, self._root / path.relative_to("/"))


def _found(path: PurePosixPath, host: Path | None) -> Found:
    try:
        facts = host.lstat() if host else None
    except (FileNotFoundError, NotADirectoryError):
        facts = None
    return Found(path=path, host=host, facts=facts)


def _require_directory(place: Found) -> None:
    if place.facts is not None and not stat.S_ISDIR(place.facts.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fspath(place.path))
