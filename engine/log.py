"""Write to stderr what people follow a run by: a plain line for every step, and the log. Never fails the work."""

from __future__ import annotations

import logging
import time
from enum import IntEnum
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_DESCRIPTION = 160
_MOST_SHOWN = 2 << 20
"""Bytes of one step's output: who waits for a step should not wait for a terminal (as BuildKit clips its log)."""


class Verbosity(IntEnum):
    """How much is told."""

    SILENT = 0
    QUIET = 1
    """Only what failed."""
    NORMAL = 2
    VERBOSE = 3
    """Whole commands, and the log's information."""
    DEBUG = 4


class Lines:
    """Writes whole lines to a text stream, from any thread; falls silent when nobody reads them any more."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._lock = Lock()

    def write(self, line: str) -> None:
        """Write one line."""
        with self._lock:
            if self._stream is None:
                return
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                self._stream = None


class PlainProgress:
    """Numbers the steps and tells each one's beginning, output and end, in the shape of Dagger's plain progress."""

    def __init__(self, lines: Lines, verbosity: Verbosity, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lines = lines
        self._verbosity = verbosity
        self._clock = clock
        self._numbers = count(1)

    def started(self, description: str) -> PlainStep:
        """Begin a step."""
        return PlainStep(self._lines, self._verbosity, self._clock, next(self._numbers), self._shown(description))

    def _shown(self, description: str) -> str:
        line = description.replace("\n", "\\n")
        if len(line) > _LONGEST_DESCRIPTION and self._verbosity < Verbosity.VERBOSE:
            return line[: _LONGEST_DESCRIPTION - 1] + "…"
        return line


class PlainStep:
    """One step; its output may come in pieces that end anywhere."""

    def __init__(
        self, lines: Lines, verbosity: Verbosity, clock: Callable[[], float], number: int, description: str
    ) -> None:
        self._lines = lines
        self._verbosity = verbosity
        self._clock = clock
        self._began = clock()
        self._prefix = f"{number:<4}: "
        self._description = description
        self._unfinished: dict[str, bytes] = {}
        self._shown = 0
        self._tell(description)

    def output(self, stream: str, data: bytes) -> None:
        """Show what the step wrote, as soon as a line is whole; not more than some MiB in all."""
        if self._verbosity < Verbosity.NORMAL or self._shown > _MOST_SHOWN:
            return
        self._shown += len(data)
        *whole, rest = (self._unfinished.pop(stream, b"") + data).split(b"\n")
        self._unfinished[stream] = rest
        self._tell_output(whole)
        if self._shown > _MOST_SHOWN:
            self._tell(f"[{self._seconds()}] | … (no more is shown: the step wrote {_MOST_SHOWN >> 20} MiB already)")

    def done(self) -> None:
        """Show that the step ran."""
        self._end("DONE")

    def cached(self) -> None:
        """Show that the step's result was known."""
        self._end("CACHED")

    def failed(self, error: BaseException) -> None:
        """Show that the step failed; being cancelled is not a failure."""
        if not isinstance(error, Exception):
            self._end("CANCELED")
            return
        self._end("ERROR", at_least=Verbosity.QUIET)
        for line in str(error).splitlines():
            self._tell(f"! {line}", at_least=Verbosity.QUIET)

    def _end(self, how: str, *, at_least: Verbosity = Verbosity.NORMAL) -> None:
        for rest in self._unfinished.values():
            if rest:
                self._tell_output([rest])
        self._unfinished.clear()
        self._tell(f"{self._description} {how} [{self._seconds()}]", at_least=at_least)

    def _tell_output(self, lines: list[bytes]) -> None:
        begin = f"{self._prefix}[{self._seconds()}] | "
        # Of a progress bar that overwrites itself, the last state.
        shown = [begin + line.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace") for line in lines]
        if shown:
            self._lines.write("\n".join(shown))

    def _tell(self, text: str, *, at_least: Verbosity = Verbosity.NORMAL) -> None:
        if self._verbosity >= at_least:
            self._lines.write(self._prefix + text)

    def _seconds(self) -> str:
        return f"{self._clock() - self._began:.1f}s"


class _LinesHandler(logging.Handler):
    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.write(self.format(record))


_LEVELS = {
    Verbosity.SILENT: logging.CRITICAL,
    Verbosity.QUIET: logging.ERROR,
    Verbosity.NORMAL: logging.WARNING,
    Verbosity.VERBOSE: logging.INFO,
    Verbosity.DEBUG: logging.DEBUG,
}


def set_up_logging(lines: Lines, verbosity: Verbosity) -> None:
    """Send the engine's own log, and nobody else's, to `lines`."""
    handler = _LinesHandler(lines)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("engine")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(_LEVELS[verbosity])
