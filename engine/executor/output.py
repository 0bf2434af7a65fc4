"""Keep what a command writes: each stream, and both in the order of arrival, with secrets masked."""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import TYPE_CHECKING

from engine.executor.scrubber import Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

STREAMS = ("stdout", "stderr")
_IN_MEMORY = 4 * 2**20


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
        for stream, scrubber in self._scrubbers.items():
            self._keep(stream, scrubber.finish())
        combined = self._kept.read()
        return self._of("stdout", combined), self._of("stderr", combined), combined

    def _of(self, stream: str, combined: bytes) -> bytes:
        parts, place = [], 0
        for name, length in self._pieces:
            if name == stream:
                parts.append(combined[place : place + length])
            place += length
        return parts[0] if len(parts) == 1 else b"".join(parts)

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
        self._file: int | None = None

    def write(self, data: bytes) -> None:
        self._memory += data
        if len(self._memory) > _IN_MEMORY:
            _write_all(self._open(), self._memory)
            self._memory.clear()

    def read(self) -> bytes:
        if self._file is None:
            return bytes(self._memory)
        size = os.lseek(self._file, 0, os.SEEK_CUR)
        return b"".join([*_read_all(self._file, size), self._memory])

    def _open(self) -> int:
        if self._file is None:
            self._file, path = tempfile.mkstemp(dir=self._folder)
            os.unlink(path)  # noqa: PTH108
            weakref.finalize(self, os.close, self._file)
        return self._file


def _read_all(descriptor: int, size: int) -> list[bytes]:
    parts, place = [], 0
    while place < size:
        parts.append(os.pread(descriptor, size - place, place))
        place += len(parts[-1])
    return parts


def _write_all(descriptor: int, data: bytes | bytearray) -> None:
    with memoryview(data) as view:
        place = 0
        while place < len(view):
            place += os.write(descriptor, view[place:])
