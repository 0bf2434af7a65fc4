"""Blobs in a dictionary, written to files only for who asks for a path."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from engine.core.digest import Digest, digest_of_bytes
from engine.errors import BlobNotFound, DigestMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FakeBlobs:
    """All that was put."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[Digest, bytes] = {}

    def put(self, data: bytes) -> Digest:
        digest = digest_of_bytes(data)
        self._kept[digest] = data
        return digest

    def get(self, digest: Digest) -> bytes:
        if digest not in self._kept:
            raise BlobNotFound(f"blob {digest} is not in the store")
        return self._kept[digest]

    def path(self, digest: Digest) -> Path:
        path = self._folder / digest.removeprefix("sha256:")
        path.write_bytes(self.get(digest))
        return path

    def has(self, digest: Digest) -> bool:
        return digest in self._kept

    def open(self, digest: Digest) -> IO[bytes]:
        return io.BytesIO(self.get(digest))

    @contextmanager
    def writer(self) -> Iterator[FakeBlobWriter]:
        yield FakeBlobWriter(self)


class FakeBlobWriter:
    """Bytes that become a blob."""

    def __init__(self, blobs: FakeBlobs) -> None:
        self._blobs = blobs
        self._data = b""

    def write(self, data: bytes, /) -> int:
        self._data += data
        return len(data)

    def commit(self, expected: Digest | None = None) -> Digest:
        digest = digest_of_bytes(self._data)
        if expected is not None and digest != expected:
            raise DigestMismatch(f"the bytes have digest {digest}, not {expected}")
        return self._blobs.put(self._data)
