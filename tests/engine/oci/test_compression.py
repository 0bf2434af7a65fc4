"""Compressing and decompressing streams."""

from __future__ import annotations

import gzip
import io
import random

import pytest
import zstandard

from engine.errors import ImageError, InvalidRequest, NotSupported
from engine.oci.compression import CompressingSink, Compression, copy, decompress, detect

_DATA = random.Random(1).randbytes(70_000) + b"x" * 1_000_000


def _packed(compression: Compression, data: bytes = _DATA, piece: int = 1 << 16) -> bytes:
    out = io.BytesIO()
    sink = CompressingSink(out, compression)
    for start in range(0, len(data), piece):
        sink.write(data[start : start + piece])
    sink.finish()
    return out.getvalue()


def _unpacked(data: bytes) -> bytes:
    out = io.BytesIO()
    copy(decompress(io.BytesIO(data))[1], out.write)
    return out.getvalue()


@pytest.mark.parametrize("compression", Compression)
@pytest.mark.parametrize("data", [_DATA, b"", b"x", b"\x1f", b"abc"])
def test_what_was_packed_comes_back(compression: Compression, data: bytes) -> None:
    packed = _packed(compression, data)
    assert _unpacked(packed) == data
    assert detect(packed) is compression


@pytest.mark.parametrize("compression", Compression)
def test_the_bytes_do_not_depend_on_how_the_data_was_cut(compression: Compression) -> None:
    assert _packed(compression, piece=1 << 16) == _packed(compression, piece=777)


def test_gzip_and_zstd_themselves_read_it() -> None:
    assert gzip.decompress(_packed(Compression.GZIP)) == _DATA
    assert zstandard.ZstdDecompressor().decompressobj().decompress(_packed(Compression.ZSTD)) == _DATA


def test_a_gzip_header_has_no_name_and_no_time() -> None:
    assert _packed(Compression.GZIP)[3:8] == bytes(5)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_several_members_are_one_stream(pack) -> None:
    assert _unpacked(pack(b"one") + pack(b"") + pack(b"two")) == b"onetwo"


def test_zeros_after_a_gzip_stream_are_filling() -> None:
    assert _unpacked(gzip.compress(b"one") + bytes(700_000)) == b"one"


def test_a_gzip_stream_that_ends_early_is_an_error() -> None:
    with pytest.raises(ImageError, match="ends too early"):
        _unpacked(_packed(Compression.GZIP)[:-9])


@pytest.mark.parametrize("compression", [Compression.GZIP, Compression.ZSTD])
def test_a_damaged_stream_is_an_error(compression: Compression) -> None:
    packed = bytearray(_packed(compression))
    packed[4:40] = b"\xff" * 36
    with pytest.raises(ImageError, match="is damaged"):
        _unpacked(bytes(packed))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_a_bomb_is_read_in_small_pieces(pack) -> None:
    _, contents = decompress(io.BytesIO(pack(bytes(50_000_000))))
    assert 0 < len(contents.read(1000)) <= 1000


def test_daggers_names_are_known() -> None:
    assert [Compression.named(name) for name in ("Gzip", "Zstd", "Uncompressed")] == list(Compression)


def test_estargz_is_refused_by_its_name() -> None:
    with pytest.raises(NotSupported, match="eStargz"):
        Compression.named("EStarGZ")
    with pytest.raises(InvalidRequest, match='"Brotli"'):
        Compression.named("Brotli")
