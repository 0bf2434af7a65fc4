"""Root file systems for tests that run containers."""

from __future__ import annotations

import json
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.core.process import Process
from engine.linux import syscalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.fixture(scope="session")
def base_root(base_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base image, unpacked; nothing may be written to it."""
    folder = tmp_path_factory.mktemp("base")
    with tarfile.open(base_archive) as archive:

        def blob(digest: str) -> bytes:
            return archive.extractfile("blobs/" + digest.replace(":", "/")).read()

        index = json.load(archive.extractfile("index.json"))
        manifest = json.loads(blob(index["manifests"][0]["digest"]))
        for layer in manifest["layers"]:
            command = ["tar", "--extract", "--gzip", "--preserve-permissions", "--numeric-owner", "--directory", folder]
            subprocess.run(command, input=blob(layer["digest"]), check=True)
    return folder


@pytest.fixture
def root(base_root: Path, tmp_path: Path) -> Iterator[Path]:
    """A writable tree over the base image; what is written to it is found below `upper` beside it."""
    memory = tmp_path / "memory"
    memory.mkdir()
    syscalls.mount("tmpfs", memory, "tmpfs")
    try:
        for name in ("root", "upper", "work"):
            (memory / name).mkdir()
        options = f"lowerdir={base_root},upperdir={memory / 'upper'},workdir={memory / 'work'}"
        syscalls.mount("overlay", memory / "root", "overlay", 0, options)
        yield memory / "root"
        syscalls.umount2(memory / "root")
    finally:
        syscalls.umount2(memory, syscalls.MNT_DETACH)


@pytest.fixture
def process(root: Path) -> Callable[..., Process]:
    """Make processes: the arguments are the command line, the keywords override the rest."""

    def make(*args: str, **changes: object) -> Process:
        plain: dict[str, object] = {"root": root, "args": args, "env": (PATH,), "cwd": "/", "uid": 0, "gid": 0}
        return Process(**(plain | changes))

    return make
