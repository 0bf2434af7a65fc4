"""Read a stream in a thread of its own, a few pieces ahead of who needs them."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from engine.oci.compression import Source

_PIECE = 1 << 18
_PIECES = 16


class Ahead:
    """The same bytes as the stream gives, and the same error; a context that ends the thread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pieces: queue.Queue[bytes | BaseException] = queue.Queue(_PIECES)
        self._abandoned = threading.Event()
        self._held = memoryview(b"")
        self._end: bytes | BaseException | None = None
        self._thread = threading.Thread(target=self._fill, name="read ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._abandoned.set()
        while self._thread.is_alive():
            self._discard()
            self._thread.join(0.01)

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        if not self._held:
            self._held = memoryview(self._next())
        data = bytes(self._held[:size])
        self._held = self._held[size:]
        return data

    def _next(self) -> bytes:
        piece = self._pieces.get() if self._end is None else self._end
        if isinstance(piece, BaseException) or not piece:
            self._end = piece
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def _discard(self) -> None:
        while not self._pieces.empty():
            self._pieces.get_nowait()

    def _fill(self) -> None:
        try:
            while not self._abandoned.is_set():
                piece = self._source.read(_PIECE)
                self._pieces.put(piece)
                if not piece:
                    return
        except BaseException as error:  # noqa: BLE001 - raised again where the bytes are read
            self._pieces.put(error)
