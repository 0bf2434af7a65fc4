"""Make the mount points that a container's root lacks, for the time of one run."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from engine.core.process import Bind
from engine.executor.rootfs import Rootfs
from engine.executor.spec import SYSTEM_TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.core.process import Process


@contextmanager
def mount_points(process: Process) -> Iterator[None]:
    """Give every mount its mount point, and take away on exit those that were made and are still empty.

    The directory above gets its time of modification back: a run that changes nothing leaves the tree as it was.
    """
    made: list[_Made] = []
    try:
        for target in SYSTEM_TARGETS:
            made.extend(_make(Rootfs(process.root, ()), target, is_file=False))
        for number, mount in enumerate(process.mounts):
            is_file = isinstance(mount, Bind) and not mount.source.is_dir()
            made.extend(_make(Rootfs(process.root, process.mounts[:number]), mount.target, is_file=is_file))
        yield
    finally:
        for stub in reversed(made):
            stub.remove()


class _Made:
    """A mount point that was not there before."""

    def __init__(self, path: Path, *, is_file: bool) -> None:
        self._path = path
        self._before = path.parent.stat()
        if is_file:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o644))
        else:
            path.mkdir()
        path.chmod(0o644 if is_file else 0o755)  # whatever the umask is
        self._after = path.parent.stat()

    def remove(self) -> None:
        with suppress(OSError):  # it is gone, was replaced, or holds something: then it is the command's
            now = self._path.parent.stat()
            facts = self._path.lstat()
            if stat.S_ISDIR(facts.st_mode):
                self._path.rmdir()
            elif stat.S_ISREG(facts.st_mode) and facts.st_size == 0:
                self._path.unlink()
            kept = self._before if now.st_mtime_ns == self._after.st_mtime_ns else now
            os.utime(self._path.parent, ns=(now.st_atime_ns, kept.st_mtime_ns))


def _make(rootfs: Rootfs, target: str, *, is_file: bool) -> Iterator[_Made]:
    found = rootfs.find(target)
    if found.facts is not None or found.host is None:
        return
    missing = [found.host]
    while (above := rootfs.find(os.fspath(found.path.parents[len(missing) - 1]))).facts is None and above.host:
        missing.append(above.host)
    for path in reversed(missing):
        yield _Made(path, is_file=is_file and path == found.host)
