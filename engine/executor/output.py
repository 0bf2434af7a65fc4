"""Keep what a command writes: each stream, and both in the order of arrival, with secrets masked."""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import TYPE_CHECKING

from engine.executor.scrubber import Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

STREAMS = ("stdout", "stderr")
COMBINED = "combined"
_IN_MEMORY = 4 * 2**20
_PIECE = 2**20


class Capture:
    """Takes a command's output (the solver's `Output` and `Capture`).

    Secrets never reach what is kept, the redirects or the live display. What does not fit into some MiB waits in a
    temporary file without a name, so nothing is left behind.
    """

    def __init__(
        self,
        *,
        secrets: Sequence[bytes] = (),
        redirects: Mapping[str, int] | None = None,
        live: Callable[[str, bytes], None] | None = None,
        folder: Path | None = None,
    ) -> None:
        """`redirects`: open file descriptors by stream, which stay the caller's. `folder` is for the temporary file."""
        self._scrubbers = {stream: Scrubber(secrets) for stream in STREAMS}
        self._redirects = dict(redirects or {})
        self._live = live
        self._kept = _Spool(folder)
        self._pieces: list[tuple[str, int]] = []

    def write(self, stream: str, data: bytes) -> None:
        """Take bytes of `stdout` or `stderr`, in the order they were written."""
        self._keep(stream, self._scrubbers[stream].feed(data))

    def finish(self) -> tuple[bytes, bytes, bytes]:
        """Give stdout, stderr, and both in the order they were written. May be called again."""
        stdout, stderr, combined = (b"".join(self.pieces(name)) for name in (*STREAMS, COMBINED))
        return stdout, stderr, combined

    def size(self, name: str) -> int:
        """Bytes of `stdout`, `stderr` or `combined` so far."""
        self._let_go()
        return sum(length for stream, length in self._pieces if name in (stream, COMBINED))

    def pieces(self, name: str) -> Iterator[bytes]:
        """Give the bytes of `stdout`, `stderr` or `combined` so far, some at a time."""
        self._let_go()
        place = 0
        for stream, length in self._pieces:
            if name in (stream, COMBINED):
                yield from self._kept.pieces(place, length)
            place += length

    def end(self, name: str, most: int) -> bytes:
        """Give the last bytes of a stream."""
        skipped, parts = self.size(name) - most, []
        for piece in self.pieces(name):
            parts.append(piece[max(0, skipped) :])
            skipped -= len(piece)
        return b"".join(parts)

    def close(self) -> None:
        """Give back what it takes up on the disk; nothing may be written or read afterwards."""
        self._kept.close()

    def _let_go(self) -> None:
        """Keep what the scrubbers hold back: nothing follows, as far as is known."""
        for stream, scrubber in self._scrubbers.items():
            self._keep(stream, scrubber.finish())

    def _keep(self, stream: str, data: bytes) -> None:
        if not data:
            return
        self._kept.write(data)
        if self._pieces and self._pieces[-1][0] == stream:
            self._pieces[-1] = (stream, self._pieces[-1][1] + len(data))
        else:
            self._pieces.append((stream, len(data)))
        if stream in self._redirects:
            _write_all(self._redirects[stream], data)
        if self._live:
            self._live(stream, data)


class _Spool:
    """Bytes in memory, or in a file once they are many."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory = bytearray()
        self._written = 0
        self._file: int | None = None
        self._closing: Callable[[], object] | None = None

    def write(self, data: bytes) -> None:
        self._memory += data
        if len(self._memory) > _IN_MEMORY:
            _write_all(self._open(), self._memory)
            self._written += len(self._memory)
            self._memory.clear()

    def pieces(self, place: int, length: int) -> Iterator[bytes]:
        while length:
            if place < self._written and self._file is not None:
                piece = os.pread(self._file, min(length, _PIECE, self._written - place), place)
            else:
                start = place - self._written
                piece = bytes(self._memory[start : start + min(length, _PIECE)])
            yield piece
            place += len(piece)
            length -= len(piece)

    def close(self) -> None:
        self._memory.clear()
        if self._closing:
            self._closing()

    def _open(self) -> int:
        if self._file is None:
            self._file, path = tempfile.mkstemp(dir=self._folder)
            os.unlink(path)  # noqa: PTH108
            self._closing = weakref.finalize(self, os.close, self._file)
        return self._file


def _write_all(descriptor: int, data: bytes | bytearray) -> None:
    with memoryview(data) as view:
        place = 0
        while place < len(view):
            place += os.write(descriptor, view[place:])
