"""Reading ahead."""

from __future__ import annotations

import io
import threading

import pytest

from engine.errors import ImageError
from engine.oci.ahead import Ahead


class _Failing:
    """Gives one piece, then an error."""

    def __init__(self) -> None:
        self._left = [b"one"]

    def read(self, _size: int, /) -> bytes:
        if self._left:
            return self._left.pop()
        raise ImageError("damaged")


class _Endless:
    """Never ends."""

    def read(self, size: int, /) -> bytes:
        return bytes(size)


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "read ahead"]


@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_all_bytes_come_in_order_and_then_none(size: int) -> None:
    data = bytes(range(256)) * 5000 if size > 1 else bytes(range(256))
    with Ahead(io.BytesIO(data)) as ahead:
        assert b"".join(iter(lambda: ahead.read(size), b"")) == data
        assert ahead.read(1) == b""
    assert _threads() == []


def test_an_error_of_the_stream_comes_after_the_bytes_before_it_and_stays() -> None:
    with Ahead(_Failing()) as ahead:
        assert ahead.read(10) == b"one"
        for _ in range(2):
            with pytest.raises(ImageError, match="damaged"):
                ahead.read(10)
    assert _threads() == []


def test_a_stream_that_is_abandoned_is_not_read_on() -> None:
    with Ahead(_Endless()) as ahead:
        ahead.read(1)
    assert _threads() == []
