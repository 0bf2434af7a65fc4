"""Reading a tar strictly from a stream."""

from __future__ import annotations

import io

import pytest

from engine.errors import ImageError
from engine.oci.tar_stream import TarStream
from tests.tars import entry, tar


class _Slow:
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        return self._file.read(min(size, 100))

    def left(self) -> int:
        return len(self._file.read())


def _contents(data: bytes) -> list[tuple[str, bytes]]:
    stream = TarStream(_Slow(data))
    return [(info.name, b"".join(piece for _, piece in stream.contents(info))) for info in stream]


def test_entries_and_their_contents_come_in_order_however_the_stream_is_cut() -> None:
    long = "n" * 150
    assert _contents(tar(entry("a", b"1" * 1000), entry("b/"), entry(long, b"2"))) == [
        ("a", b"1" * 1000),
        ("b", b""),
        (long, b"2"),
    ]


def test_contents_may_be_passed_over() -> None:
    assert [info.name for info in TarStream(_Slow(tar(entry("a", b"1" * 5000), entry("b"))))] == ["a", "b"]


def test_the_stream_is_read_to_its_end() -> None:
    slow = _Slow(tar(entry("a")) + bytes(5000))
    assert len(list(TarStream(slow))) == 1
    assert slow.left() == 0


def test_an_empty_stream_is_an_empty_archive() -> None:
    assert _contents(b"") == []


@pytest.mark.parametrize("length", [100, 511, 600, 1000, 1535])
def test_an_archive_that_ends_early_is_an_error(length: int) -> None:
    with pytest.raises(ImageError):
        _contents(tar(entry("a", b"1" * 1000))[:length])


def test_damage_in_a_later_header_is_an_error_not_the_end() -> None:
    data = bytearray(tar(entry("a", b"x"), entry("b", b"y")))
    data[1024 + 10] ^= 0xFF
    with pytest.raises(ImageError, match="damaged at byte 1024"):
        _contents(bytes(data))


def test_something_else_is_an_error() -> None:
    with pytest.raises(ImageError, match="damaged at byte 0"):
        _contents(b"not a tar at all, but long enough to be read as a header" * 20)


def test_a_header_that_claims_a_huge_size_is_not_read_into_memory() -> None:
    data = bytearray(tar(entry("n" * 300, b"x")))
    data[124:136] = b"77777777777\0"
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))
    with pytest.raises(ImageError, match="no honest one"):
        _contents(bytes(data))
