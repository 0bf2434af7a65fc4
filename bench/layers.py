"""How long layers take: write and apply 10,000 files, and pack and unpack them, as an image's layer is."""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.oci.ahead import Ahead
from engine.oci.compression import CompressingSink, Compression, decompress
from engine.oci.layer import write_layer
from engine.oci.unpack import apply_layer

if TYPE_CHECKING:
    from collections.abc import Callable

_FILES = 10_000
_PER_DIRECTORY = 25


def _make_tree(root: Path) -> int:
    """As a Python environment is: small text files in many directories. Gives the number of bytes."""
    rng = random.Random(1)
    words = [bytes(rng.choices(b"abcdefghijklmnop_", k=rng.randint(2, 9))) for _ in range(2000)]
    total = 0
    for number in range(_FILES):
        folder = root / f"package{number // _PER_DIRECTORY // 10}/module{number // _PER_DIRECTORY}"
        if number % _PER_DIRECTORY == 0:
            folder.mkdir(parents=True)
        text = b" ".join(rng.choices(words, k=rng.randint(10, 2500)))
        (folder / f"file{number}.py").write_bytes(text)
        total += len(text)
    return total


def _timed(name: str, work: Callable[[], object], size: int) -> None:
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    print(f"{name:24} {seconds:6.2f} s {size / seconds / 1e6:7.0f} MB/s {_FILES / seconds:8.0f} files/s")


def _pack(root: Path, out: io.BytesIO, compression: Compression) -> None:
    sink = CompressingSink(out, compression)
    write_layer(root, sink)
    sink.finish()


def _unpack(packed: bytes, root: Path) -> None:
    _, contents = decompress(io.BytesIO(packed))
    with Ahead(contents) as ahead:
        apply_layer(ahead, root)


def main(folder: str | None = None) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as directory:
        root = Path(directory) / "tree"
        root.mkdir()
        size = _make_tree(root)
        print(f"{_FILES} files, {size / 1e6:.0f} MB, {os.cpu_count()} processors")
        for number, compression in enumerate([Compression.NONE, Compression.GZIP, Compression.ZSTD]):
            packed, target = io.BytesIO(), Path(directory) / str(number)
            target.mkdir()
            _timed(f"write, {compression.value}", lambda c=compression, p=packed: _pack(root, p, c), size)
            _timed(f"apply, {compression.value}", lambda p=packed, t=target: _unpack(p.getvalue(), t), size)
            print(f"{'':24} {len(packed.getvalue()) / size:.2f} of the size")


if __name__ == "__main__":
    main(*sys.argv[1:])
