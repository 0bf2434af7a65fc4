"""Keep bytes by their digest, one file each."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from engine.core.digest import Digest, digest_of_bytes
from engine.errors import BlobNotFound, DigestMismatch
from engine.store.space import full_disk_explained

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from engine.store.layout import Layout
    from engine.store.staging import Staging

_MODE = 0o444


class FileBlobs:
    """Blobs below `blobs/sha256/`; written beside and renamed, so a blob that is there is whole."""

    def __init__(self, layout: Layout, staging: Staging) -> None:
        self._layout = layout
        self._staging = staging

    def put(self, data: bytes) -> Digest:
        """Keep bytes; idempotent."""
        digest = digest_of_bytes(data)
        if not self.has(digest):
            # Not forced to the disk: `get` verifies, and what a power cut damaged is made anew.
            with self._writer(durable=False) as writer:
                writer.write(data)
                writer.commit()
        return digest

    def get(self, digest: Digest) -> bytes:
        """Give the bytes, verified; raises BlobNotFound. A damaged blob is removed, so that it can be made again."""
        data = self.path(digest).read_bytes()
        if digest_of_bytes(data) != digest:
            self.remove(digest)
            raise BlobNotFound(f"blob {digest} was damaged on the disk and has been removed; run again to make it anew")
        return data

    def path(self, digest: Digest) -> Path:
        """File that holds the blob; raises BlobNotFound."""
        path = self._layout.blob(digest)
        if not path.exists():
            raise BlobNotFound(f"blob {digest} is not in the store")
        return path

    def has(self, digest: Digest) -> bool:
        """Whether the blob is there."""
        return self._layout.blob(digest).exists()

    def open(self, digest: Digest) -> IO[bytes]:
        """Open the blob for reading; raises BlobNotFound."""
        return self.path(digest).open("rb")

    def writer(self) -> AbstractContextManager[FileBlobWriter]:
        """Open a new blob; thrown away on exit unless committed."""
        return self._writer(durable=True)

    @contextmanager
    def _writer(self, *, durable: bool) -> Iterator[FileBlobWriter]:
        path = self._staging.new_path()
        try:
            with full_disk_explained(self._layout.state, "keeping a blob"), path.open("xb") as file:
                yield FileBlobWriter(self._layout, path, file, durable=durable)
        finally:
            path.unlink(missing_ok=True)

    def remove(self, digest: Digest) -> None:
        """Remove a blob; what is missing is fine."""
        self._layout.blob(digest).unlink(missing_ok=True)

    def digests(self) -> list[Digest]:
        """All blobs, sorted."""
        return [Digest(f"sha256:{name}") for name in sorted(path.name for path in self._layout.blobs.iterdir())]


class FileBlobWriter:
    """A blob being written beside its final place."""

    def __init__(self, layout: Layout, path: Path, file: IO[bytes], *, durable: bool) -> None:
        self._layout = layout
        self._path = path
        self._file = file
        self._durable = durable
        self._hash = hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        """Append."""
        self._hash.update(data)
        return self._file.write(data)

    def commit(self, expected: Digest | None = None) -> Digest:
        """Keep the blob under its digest; raises DigestMismatch when it is not `expected`."""
        digest = Digest(f"sha256:{self._hash.hexdigest()}")
        if expected is not None and digest != expected:
            raise DigestMismatch(f"the bytes have digest {digest}, not {expected}")
        with full_disk_explained(self._layout.state, "keeping a blob"):
            self._file.flush()
            if self._durable:
                os.fdatasync(self._file.fileno())
            os.fchmod(self._file.fileno(), _MODE)
            self._path.replace(self._layout.blob(digest))
        return digest
