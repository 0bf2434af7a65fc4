"""Layers ↔ snapshots, on the real store."""

from __future__ import annotations

import gzip
import io
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import zstandard

from engine.core.digest import Digest
from engine.core.tree import EMPTY
from engine.errors import DigestMismatch, ImageError
from engine.oci.compression import Compression, decompress
from engine.solver.image_layers import ImageLayers, LayerSource
from engine.store.opening import Store, opened_store
from tests.tars import entry, sha256, tar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.root

_TAR = tar(entry("f", b"x" * 5000), entry("d/", mtime=1, mode=0o700))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened_store(tmp_path / "state") as store:
        yield store


@pytest.fixture
def layers(store: Store) -> ImageLayers:
    return ImageLayers(snapshots=store.snapshots, blobs=store.blobs, cache_map=store.cache_map)


class _Source:
    """A layer in memory that counts how often it is read."""

    def __init__(self, packed: bytes, *, diff_id: str = sha256(_TAR), digest: str | None = "") -> None:
        self.opened = 0
        self.packed = packed
        named = sha256(packed) if digest == "" else digest
        self.layer = LayerSource(diff_id=Digest(diff_id), digest=Digest(named) if named else None, open=self._open)

    @contextmanager
    def _open(self) -> Iterator[io.BytesIO]:
        self.opened += 1
        yield io.BytesIO(self.packed)


def _contents(store: Store, digest: Digest) -> bytes:
    with store.blobs.open(digest) as file:
        _, contents = decompress(file)
        return b"".join(iter(lambda: contents.read(1 << 16), b""))


async def test_a_layer_becomes_a_described_snapshot_once(store: Store, layers: ImageLayers) -> None:
    source = _Source(gzip.compress(_TAR))
    snapshot = await layers.unpack(EMPTY, source.layer)
    assert await layers.unpack(EMPTY, source.layer) == snapshot
    assert source.opened == 1
    assert layers.unpacked(EMPTY, source.layer.diff_id) == snapshot
    assert store.snapshots.described(snapshot)[0] == f"import image layer {source.layer.digest}"
    async with store.snapshots.view(snapshot) as root:
        assert (root / "f").read_bytes() == b"x" * 5000


async def test_the_same_layer_over_another_parent_is_another_snapshot(layers: ImageLayers) -> None:
    source = _Source(_TAR)
    first = await layers.unpack(EMPTY, source.layer)
    assert await layers.unpack(first, source.layer) != first


async def test_an_imported_blob_is_exported_unchanged(layers: ImageLayers) -> None:
    # Trailing bytes, as some tools leave them, belong to the blob.
    source = _Source(gzip.compress(_TAR, 1) + bytes(512))
    packed = await layers.pack(await layers.unpack(EMPTY, source.layer), Compression.GZIP)
    assert (packed.digest, packed.size) == (source.layer.digest, len(source.packed))


@pytest.mark.parametrize("compress", [lambda data: data, zstandard.ZstdCompressor().compress, gzip.compress])
@pytest.mark.parametrize("compression", Compression)
async def test_a_layer_is_recompressed_with_its_contents_unchanged(
    store: Store, layers: ImageLayers, compress, compression: Compression
) -> None:
    packed = await layers.pack(await layers.unpack(EMPTY, _Source(compress(_TAR)).layer), compression)
    assert packed.diff_id == sha256(_TAR)
    assert _contents(store, packed.digest) == _TAR
    assert store.blobs.path(packed.digest).stat().st_size == packed.size


async def test_a_new_snapshot_is_packed_and_the_second_time_only_looked_up(store: Store, layers: ImageLayers) -> None:
    async with store.snapshots.stage(EMPTY) as staged:
        (staged.root / "new").write_text("x")
        snapshot = await staged.commit("new")
    packed = await layers.pack(snapshot, Compression.GZIP)
    with tarfile.open(fileobj=io.BytesIO(_contents(store, packed.digest))) as tar:
        assert tar.getnames() == ["new"]
    written = store.blobs.path(packed.digest).stat().st_ino
    assert await layers.pack(snapshot, Compression.GZIP) == packed
    assert store.blobs.path(packed.digest).stat().st_ino == written
    plain = await layers.pack(snapshot, Compression.NONE)
    assert plain.digest == plain.diff_id == packed.diff_id


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (_Source(gzip.compress(_TAR), digest=sha256(b"other")), sha256(b"other")),
        (_Source(gzip.compress(_TAR), diff_id=sha256(b"other")), f"not {sha256(b'other')}"),
        (_Source(gzip.compress(_TAR), diff_id=sha256(b"other"), digest=None), sha256(b"other")),
    ],
)
async def test_a_wrong_digest_names_the_layer_and_leaves_nothing(
    store: Store, layers: ImageLayers, source: _Source, message: str
) -> None:
    with pytest.raises(DigestMismatch, match=message) as error:
        await layers.unpack(EMPTY, source.layer)
    assert f"the image layer {source.layer.name}" in str(error.value)
    assert layers.unpacked(EMPTY, source.layer.diff_id) is None
    assert not store.blobs.has(Digest(sha256(source.packed)))


@pytest.mark.parametrize("packed", [gzip.compress(_TAR)[:-20], b"not a tar" * 100, tar(entry("../x", b"evil"))])
async def test_a_damaged_or_hostile_layer_names_itself(layers: ImageLayers, packed: bytes) -> None:
    source = _Source(packed)
    with pytest.raises(ImageError, match=f"the image layer {source.layer.digest} cannot be used"):
        await layers.unpack(EMPTY, source.layer)
