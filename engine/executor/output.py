"""Keep what a command writes: each stream, and both in the order of arrival, with secrets masked."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Self

from engine.executor.scrubber import Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

STREAMS = ("stdout", "stderr")
_IN_MEMORY = 4 * 2**20
_PIECE = 2**20
_LONGEST_LINE = 64 * 2**10
_ERROR_LIMIT = 102400
"""How much of each stream Dagger puts into an error."""


class Capture:
    """Takes a command's output (the solver's `Output`).

    Secrets never reach what is kept, the redirects or the progress lines. Past some MiB the bytes are kept in a
    temporary file in `folder` that has no name, so nothing is left behind. Call `finish` (or leave the context) before reading.
    """

    def __init__(
        self,
        *,
        secrets: Iterable[bytes] = (),
        redirects: Mapping[str, int] | None = None,
        on_line: Callable[[str, str], None] | None = None,
        folder: Path | None = None,
    ) -> None:
        """`redirects`: open file descriptors by stream, which stay the caller's. `on_line` gets stream and line."""
        plaintexts = tuple(secrets)
        self._scrubbers = {stream: Scrubber(plaintexts) for stream in STREAMS}
        self._redirects = dict(redirects or {})
        self._lines = _Lines(on_line) if on_line else None
        self._kept = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=folder)  # noqa: SIM115 (closed by close())
        self._pieces: list[tuple[str, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, stream: str, data: bytes) -> None:
        """Take bytes of `stdout` or `stderr`, in the order they were written."""
        self._keep(stream, self._scrubbers[stream].feed(data))

    def finish(self) -> None:
        """Give out what was held back: nothing follows. Idempotent."""
        for stream, scrubber in self._scrubbers.items():
            self._keep(stream, scrubber.finish())
        if self._lines:
            self._lines.finish()

    def stdout(self) -> bytes:
        """Give all of stdout."""
        return b"".join(self.pieces("stdout"))

    def stderr(self) -> bytes:
        """Give all of stderr."""
        return b"".join(self.pieces("stderr"))

    def combined(self) -> bytes:
        """Give both streams in the order of arrival."""
        return b"".join(self.pieces())

    def pieces(self, stream: str | None = None) -> Iterator[bytes]:
        """Give one stream, or both in order, in pieces that fit into memory."""
        place = 0
        for name, length in self._pieces:
            if stream in (None, name):
                yield from self._read(place, length)
            place += length

    def close(self) -> None:
        """Finish and forget all that was kept."""
        self.finish()
        self._kept.close()

    def _read(self, place: int, length: int) -> Iterator[bytes]:
        while length:
            self._kept.seek(place)
            piece = self._kept.read(min(length, _PIECE))
            yield piece
            place, length = place + len(piece), length - len(piece)

    def _keep(self, stream: str, data: bytes) -> None:
        if not data:
            return
        self._kept.seek(0, os.SEEK_END)
        self._kept.write(data)
        if self._pieces and self._pieces[-1][0] == stream:
            self._pieces[-1] = (stream, self._pieces[-1][1] + len(data))
        else:
            self._pieces.append((stream, len(data)))
        if stream in self._redirects:
            _write_all(self._redirects[stream], data)
        if self._lines:
            self._lines.feed(stream, data)


class _Lines:
    """Cuts streams into lines for a progress display."""

    def __init__(self, on_line: Callable[[str, str], None]) -> None:
        self._on_line = on_line
        self._begun = dict.fromkeys(STREAMS, b"")

    def feed(self, stream: str, data: bytes) -> None:
        *lines, rest = (self._begun[stream] + data).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        self._begun[stream] = rest
        for line in lines:
            self._on_line(stream, line.decode(errors="replace").rstrip("\r"))

    def finish(self) -> None:
        for stream, rest in self._begun.items():
            if rest:
                self._on_line(stream, rest.decode(errors="replace"))
            self._begun[stream] = b""


def error_text(output: bytes) -> str:
    """Give a stream as an error carries it: its last 100 KiB, trimmed; what is missing is said in its first bytes."""
    if len(output) > _ERROR_LIMIT:
        note = b"[omitting %d bytes]..." % (len(output) - _ERROR_LIMIT)
        output = note + output[len(output) - _ERROR_LIMIT + len(note) :]
    return output.decode(errors="replace").strip()


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
