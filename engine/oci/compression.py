"""Compress and decompress streams of bytes: gzip, zstd, or not at all."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol, cast

import zstandard
from zlib_ng import zlib_ng

from engine.errors import ImageError, InvalidRequest, NotSupported

if TYPE_CHECKING:
    from collections.abc import Callable

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 18
# zlib-ng rather than the standard library's zlib: three times as fast (72 against 21 MB/s on a Debian /usr, 2.5 %
# larger) and pinned by the lock file: two machines give equal bytes whatever zlib their Python was built with. Its
# generic and its vector code were seen to give the same bytes on 100 MB at every level. ISA-L is faster, but promises
# no such thing.
_GZIP_LEVEL = 5
_ZSTD_LEVEL = 3
_GZIP_ERROR = cast("type[Exception]", zlib_ng.error)  # its stub calls it a value
_GZIP_WINDOW = 31  # zlib's number for "the largest window, with gzip's header and trailer": no name, time 0


class Compression(Enum):
    """How the bytes of a layer are packed; the value is the end of its media type."""

    GZIP = "gzip"
    ZSTD = "zstd"
    NONE = "none"

    @classmethod
    def named(cls, name: str) -> Compression:
        """Read a member of Dagger's ImageLayerCompression; raises NotSupported for eStargz."""
        known = {"gzip": cls.GZIP, "zstd": cls.ZSTD, "uncompressed": cls.NONE}
        if name.lower() == "estargz":
            raise NotSupported(
                'layers in eStargz form are not supported by this engine: use "Gzip", "Zstd" or "Uncompressed"'
            )
        if name.lower() not in known:
            raise InvalidRequest(f'"{name}" is not a layer compression: use "Gzip", "Zstd" or "Uncompressed"')
        return known[name.lower()]


class Sink(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> int:
        """Append."""


class Source(Protocol):
    """Gives bytes."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class CompressingSink:
    """Passes on what is written, compressed. The same bytes in give the same bytes out, however they are cut."""

    def __init__(self, out: Sink, compression: Compression) -> None:
        self._out = out
        self._compressor = _compressor(compression)
        self._held = bytearray()

    def write(self, data: bytes, /) -> int:
        """Append."""
        if self._compressor is None:
            return self._out.write(data)
        self._held += data
        # What zlib-ng gives depends on how its input is cut: so it is always cut in the same places.
        start = 0
        while len(self._held) - start >= _CHUNK:
            self._pass_on(self._compressor.compress(bytes(self._held[start : start + _CHUNK])))
            start += _CHUNK
        del self._held[:start]
        return len(data)

    def finish(self) -> None:
        """Write what is still held back, and the end mark."""
        if self._compressor is not None:
            self._pass_on(self._compressor.compress(bytes(self._held)))
            self._pass_on(self._compressor.flush())
            self._held.clear()

    def _pass_on(self, packed: bytes) -> None:
        if packed:
            self._out.write(packed)


def _compressor(compression: Compression) -> _Compressor | None:
    if compression is Compression.GZIP:
        return zlib_ng.compressobj(_GZIP_LEVEL, zlib_ng.DEFLATED, _GZIP_WINDOW)
    if compression is Compression.ZSTD:
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
    return None


def detect(start: bytes) -> Compression:
    """Tell the compression from the first four bytes."""
    if start.startswith(_GZIP_MAGIC):
        return Compression.GZIP
    return Compression.ZSTD if start.startswith(_ZSTD_MAGIC) else Compression.NONE


def decompress(source: Source) -> tuple[Compression, Source]:
    """Tell how a stream is compressed and give its contents; reading raises ImageError where it is damaged."""
    start = _fill(source, len(_ZSTD_MAGIC))
    whole = _Prefixed(start, source)
    compression = detect(start)
    if compression is Compression.GZIP:
        return compression, _Gunzipped(whole)
    if compression is Compression.ZSTD:
        return compression, _Unzstd(whole)
    return compression, whole


def _fill(source: Source, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := source.read(size - len(data))):
        data += more
    return data


class _Prefixed:
    """A stream whose first bytes were read already."""

    def __init__(self, start: bytes, rest: Source) -> None:
        self._start = start
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        if self._start:
            taken, self._start = self._start[:size], self._start[size:]
            return taken
        return self._rest.read(size)


class _Gunzipped:
    """The contents of a gzip stream of one or more members (RFC 1952); what a read gives is bounded by its size."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._packed = b""
        self._member: zlib_ng._Decompress | None = None

    def read(self, size: int, /) -> bytes:
        while True:
            if not self._packed:
                self._packed = self._source.read(_CHUNK)
            if self._member is None and not self._packed.strip(b"\0"):
                if not self._packed:
                    return b""
                self._packed = b""  # zeros may fill up the last block
                continue
            if not self._packed:
                raise ImageError("a gzip stream ends too early")
            if data := self._read_member(size):
                return data

    def _read_member(self, size: int) -> bytes:
        member = self._member or zlib_ng.decompressobj(_GZIP_WINDOW)
        try:
            data = member.decompress(self._packed, size)
        except _GZIP_ERROR as error:
            raise ImageError(f"a gzip stream is damaged: {error}") from error
        self._member = None if member.eof else member
        self._packed = member.unused_data if member.eof else member.unconsumed_tail
        return data


class _Unzstd:
    """The contents of a zstd stream of one or more frames (RFC 8878)."""

    def __init__(self, source: Source) -> None:
        reader = zstandard.ZstdDecompressor().stream_reader(source, read_size=_CHUNK, read_across_frames=True)  # type: ignore[arg-type]
        self._reader = reader

    def read(self, size: int, /) -> bytes:
        try:
            return self._reader.read(size)
        except zstandard.ZstdError as error:
            raise ImageError(f"a zstd stream is damaged: {error}") from error


def copy(source: Source, *write: Callable[[bytes], object]) -> int:
    """Send all bytes to every one of `write`; gives their number."""
    total = 0
    while data := source.read(_CHUNK):
        for send in write:
            send(data)
        total += len(data)
    return total
