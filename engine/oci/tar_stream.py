"""Read a tar from a stream that cannot seek, strictly: damage is an error, never an early end."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, cast

from engine.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from engine.oci.compression import Source

_CHUNK = 1 << 18
_LARGEST_HEADER = 1 << 20  # of a name, a link target or a set of PAX records; tarfile reads them in one piece

_END = ("EOFHeaderError", "EmptyHeaderError")  # two errors of tarfile's that are none; typeshed knows only one


class _Forward:
    """What tarfile needs of a file, over a stream; `tell` counts, `seek` skips."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._held = memoryview(b"")
        self._position = 0

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        while self._position < position:
            if not self.read(min(position - self._position, _CHUNK)):
                raise ImageError("the archive ends too early")

    def read(self, size: int) -> bytes:
        if size > _LARGEST_HEADER:
            raise ImageError(f"the archive has a header of {size} bytes, which no honest one has")
        parts = [self._some(size)]
        missing = size - len(parts[0])
        while missing and (more := self._some(missing)):
            parts.append(more)
            missing -= len(more)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        self._position += len(data)
        return data

    def _some(self, size: int) -> bytes:
        if not self._held:
            self._held = memoryview(self._source.read(_CHUNK))
        data = bytes(self._held[:size])
        self._held = self._held[size:]
        return data

    def drain(self) -> None:
        while self._source.read(_CHUNK):
            pass


class TarStream:
    """The entries of a tar, one after the other; reads the stream to its very end."""

    def __init__(self, source: Source) -> None:
        self._forward = _Forward(source)

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        # Opened for writing: so tarfile reads no header by itself, where it would pass over errors (TarFile.next).
        tar = tarfile.TarFile(fileobj=cast("IO[bytes]", self._forward), mode="w", format=tarfile.PAX_FORMAT)
        while True:
            self._forward.seek(tar.offset)
            try:
                info = tarfile.TarInfo.fromtarfile(tar)
            except (tarfile.HeaderError, ValueError, OverflowError) as error:
                if type(error).__name__ in _END:
                    break
                raise ImageError(f"the archive is damaged at byte {tar.offset}: {error}") from error
            yield info
        self._forward.drain()

    def contents(self, info: tarfile.TarInfo) -> Iterator[tuple[int | None, bytes]]:
        """Give the bytes of the entry that was given last, in pieces; with their offset where the file is sparse."""
        self._forward.seek(info.offset_data)
        pieces = info.sparse if info.issparse() else None
        if pieces is None:
            for data in self._take(info.size, info.name):
                yield None, data
            return
        for offset, size in cast("list[tuple[int, int]]", pieces):
            position = offset
            for data in self._take(size, info.name):
                yield position, data
                position += len(data)

    def _take(self, size: int, name: str) -> Iterator[bytes]:
        while size:
            data = self._forward.read(min(size, _CHUNK))
            if not data:
                raise ImageError(f'the archive ends in the middle of "{name}"')
            yield data
            size -= len(data)
