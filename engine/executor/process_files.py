"""Files as a container's process will see them: working directory and redirected streams."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from engine.core.workdir import absolute
from engine.errors import PathError
from engine.executor.rootfs import Rootfs

if TYPE_CHECKING:
    from pathlib import Path

    from engine.core.process import Process


class MountedFiles:
    """Looks through a process's mounts; never leaves its root."""

    def make_workdir(self, process: Process) -> None:
        """Make the working directory if it is missing; raises PathError when something else is in its place."""
        rootfs = Rootfs.of(process)
        path = "/"
        for name in process.cwd.strip("/").split("/"):
            path = os.path.join(path, name)  # noqa: PTH118 - a path of the container
            try:
                found = rootfs.find(path)
            except OSError as error:
                raise _refused("chdir", process.cwd, error) from error
            if found.host is None:
                return
            if found.facts is None:
                found.host.mkdir(mode=0o755)
                os.chown(found.host, process.uid, process.gid)
            elif not stat.S_ISDIR(found.facts.st_mode):
                raise PathError(f"chdir to cwd ({process.cwd}): {path}: not a directory")

    def open_output(self, process: Process, path: str) -> int:
        """Open a file for a redirected stream; raises PathError when its directory is missing."""
        host = self._host(process, path, "open redirect stdout file")
        try:
            descriptor = os.open(host, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _refused("open redirect stdout file: open", path, error) from error
        os.fchown(descriptor, process.uid, process.gid)
        return descriptor

    def input(self, process: Process, path: str) -> Path:
        """Where the host has the file that a redirected stdin reads; raises PathError when it is missing."""
        host = self._host(process, path, "open redirect stdin file")
        if not host.is_file() or host.is_symlink():
            raise PathError(f"open redirect stdin file: open {path}: no such file or directory")
        return host

    def _host(self, process: Process, path: str, doing: str) -> Path:
        try:
            found = Rootfs.of(process).find(absolute(path, process.cwd))
        except OSError as error:
            raise _refused(f"{doing}: open", path, error) from error
        if found.host is None:
            raise PathError(f"{doing}: open {path}: it is in a file system that only the command has")
        return found.host


def _refused(doing: str, path: str, error: OSError) -> PathError:
    return PathError(f"{doing} {path}: {(error.strerror or str(error)).lower()}")
