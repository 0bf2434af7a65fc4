"""A small image of the host's own shell and a few programs, for tests that make a store each."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.tars import ImageArchive, entry

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAMS = [
    "cat",
    "dd",
    "echo",
    "env",
    "grep",
    "head",
    "ls",
    "mkdir",
    "printf",
    "rm",
    "seq",
    "setsid",
    "sh",
    "sleep",
    "test",
    "touch",
    "tr",
    "true",
    "yes",
]
_ENV = {"Env": ["PATH=/bin"]}


def small_image(path: Path, *, layers: Sequence[bytes] = ()) -> Path:
    """Write the image as an OCI archive; `layers` are tars that come on top."""
    archive = ImageArchive()
    archive.image(_layer(), *layers, config=_ENV, tag="small")
    path.write_bytes(archive.tar())
    return path


def _layer() -> bytes:
    found = {f"bin/{name}": Path(program) for name in _PROGRAMS if (program := shutil.which(name))}
    for program in list(found.values()):
        listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        found |= {library.strip("/"): Path(library) for library in re.findall(r"/\S+", listed)}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in [entry("tmp/", mode=0o1777), entry("etc/"), entry("etc/passwd", b"root:x:0:0::/:/bin/sh\n")]:
            tar.addfile(info, io.BytesIO(data))
        for name, source in sorted(found.items()):
            data = source.read_bytes()
            tar.addfile(entry(name, data, mode=0o755)[0], io.BytesIO(data))
    return out.getvalue()
