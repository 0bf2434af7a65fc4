"""Turn a tar file of a snapshot into the tree that is in it."""

from __future__ import annotations

import bz2
import lzma
import tarfile
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from engine.core.digest import digest_of
from engine.core.tree import SnapshotId
from engine.errors import ImageError
from engine.oci.compression import decompress
from engine.oci.unpack import unpack_tar
from engine.solver.solver import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.core.tree import Source
    from engine.oci.compression import Source as Stream
    from engine.solver.trees import TreeOps

_BZIP2, _XZ = b"BZh", b"\xfd7zXZ\x00"
_START = 6
_BLOCK = tarfile.BLOCKSIZE


async def unpacked(trees: TreeOps, source: Source) -> SnapshotId | None:
    """Give the tree of an archive: plain, or with gzip, bzip2, xz or zstd; None for a file that is none.

    Raises ImageError for one that is damaged, or leads out of its tree.
    """
    digest = await trees.read(source.snapshot, lambda ports, root: ports.file_digest(root, source.path, metadata=False))

    async def run() -> Outcome:
        async with trees.shown(source) as path:
            if not await run_sync(_is_tar, path):
                return Outcome(result={"snapshot": None})
            async with trees.staged() as staged:
                await run_sync(partial(_unpack, path, staged.root))
                snapshot = await staged.commit("unpack")
                return Outcome(result={"snapshot": snapshot}, snapshots=(snapshot,))

    found = (await trees.solve(digest_of(["unpack", digest]), run))["snapshot"]
    return None if found is None else SnapshotId(str(found))


@contextmanager
def _opened(path: Path) -> Iterator[Stream]:
    with path.open("rb") as file:
        start = file.read(_START)
        file.seek(0)
        if start.startswith(_BZIP2):
            with bz2.open(file) as stream:
                yield stream
        elif start == _XZ:
            with lzma.open(file) as stream:
                yield stream
        else:
            yield decompress(file)[1]


def _is_tar(path: Path) -> bool:
    """Whether a file begins as a tar does (POSIX.1-1988, ustar: each header has a checksum)."""
    try:
        with _opened(path) as stream:
            header = b""
            while len(header) < _BLOCK and (more := stream.read(_BLOCK - len(header))):
                header += more
            tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ImageError, OSError, EOFError, lzma.LZMAError):
        return False
    return True


def _unpack(path: Path, root: Path) -> None:
    with _opened(path) as stream:
        unpack_tar(stream, root)
