"""Layers of images ↔ snapshots, each way done once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from anyio import from_thread, to_thread

from engine.core.digest import Digest, digest_of
from engine.core.tree import SnapshotId
from engine.errors import DigestMismatch, ImageError
from engine.oci.ahead import Ahead
from engine.oci.compression import CompressingSink, Compression, copy, decompress
from engine.oci.layer import write_layer
from engine.oci.unpack import apply_layer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from engine.oci.compression import Sink, Source
    from engine.solver.ports import Blobs, CacheMap, Json, Snapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSource:
    """A layer that is to be unpacked."""

    diff_id: Digest
    """Of the tar."""
    digest: Digest | None
    """Of the bytes that `open` gives; None when nothing says it."""
    open: Callable[[], AbstractContextManager[Source]]

    @property
    def name(self) -> Digest:
        """What it is called in messages and in the history."""
        return self.digest or self.diff_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedLayer:
    """A layer as a blob."""

    digest: Digest
    size: int
    diff_id: Digest


class ImageLayers:
    """Unpacks layers into snapshots and packs snapshots into layers; the cache map remembers both."""

    def __init__(self, *, snapshots: Snapshots, blobs: Blobs, cache_map: CacheMap) -> None:
        self._snapshots = snapshots
        self._blobs = blobs
        self._cache_map = cache_map

    def unpacked(self, parent: SnapshotId, diff_id: Digest) -> SnapshotId | None:
        """Give the snapshot of a layer over `parent`, if it was unpacked before."""
        found = self._cache_map.get(_unpacked_key(parent, diff_id))
        return SnapshotId(cast("str", found["snapshot"])) if found is not None else None

    async def unpack(self, parent: SnapshotId, layer: LayerSource) -> SnapshotId:
        """Give the snapshot of a layer over `parent`.

        The layer's bytes are kept, so that they can be exported unchanged. Raises ImageError, DigestMismatch.
        """
        if known := await to_thread.run_sync(self.unpacked, parent, layer.diff_id):
            return known
        async with self._snapshots.stage(parent) as staged:
            compression, packed = await to_thread.run_sync(self._apply, layer, staged.root)
            snapshot = await staged.commit(f"import image layer {layer.name}")
        return await to_thread.run_sync(self._remember, parent, snapshot, compression, packed)

    def _apply(self, layer: LayerSource, root: Path) -> tuple[Compression, PackedLayer]:
        try:
            with layer.open() as source, self._blobs.writer() as blob:
                packed = _Tee(source, blob)
                compression, contents = decompress(packed)
                unpacked = _Hashed(contents)
                with Ahead(unpacked) as ahead:
                    apply_layer(_Cancellable(ahead), root)
                if unpacked.digest() != layer.diff_id:
                    raise DigestMismatch(f"its contents have the digest {unpacked.digest()}, not {layer.diff_id}")
                return compression, PackedLayer(
                    digest=blob.commit(layer.digest), size=packed.size, diff_id=layer.diff_id
                )
        except ImageError as error:
            raise type(error)(f"the image layer {layer.name} cannot be used: {error}") from error

    def _remember(
        self, parent: SnapshotId, snapshot: SnapshotId, compression: Compression, packed: PackedLayer
    ) -> SnapshotId:
        key = _unpacked_key(parent, packed.diff_id)
        kept = self._cache_map.put(key, {"snapshot": snapshot}, snapshots=(snapshot,))
        winner = SnapshotId(cast("str", kept["snapshot"]))
        self._remember_packed(winner, compression, packed)
        return winner

    async def pack(self, snapshot: SnapshotId, compression: Compression) -> PackedLayer:
        """Give the snapshot's layer as a blob: the one that was imported, recompressed if need be, or a new one."""
        return await to_thread.run_sync(self._pack, snapshot, compression)

    def _pack(self, snapshot: SnapshotId, compression: Compression) -> PackedLayer:
        if known := self._packed(snapshot, compression):
            return known
        others = (self._packed(snapshot, other) for other in Compression if other is not compression)
        original = next((other for other in others if other), None)
        with self._blobs.writer() as blob:
            out = _Counted(blob)
            compressing = CompressingSink(out, compression)
            contents = _HashedSink(compressing)
            if original:
                self._copy_contents(original, contents)
            else:
                write_layer(self._snapshots.layer(snapshot), contents)
            compressing.finish()
            packed = PackedLayer(digest=blob.commit(), size=out.size, diff_id=contents.digest())
        return self._remember_packed(snapshot, compression, packed)

    def _copy_contents(self, packed: PackedLayer, out: Sink) -> None:
        with self._blobs.open(packed.digest) as file:
            _, contents = decompress(file)
            copy(contents, out.write)

    def _packed(self, snapshot: SnapshotId, compression: Compression) -> PackedLayer | None:
        found = self._cache_map.get(_packed_key(snapshot, compression))
        return None if found is None else _packed_layer(found)

    def _remember_packed(self, snapshot: SnapshotId, compression: Compression, packed: PackedLayer) -> PackedLayer:
        value = {"digest": packed.digest, "size": packed.size, "diff_id": packed.diff_id}
        key = _packed_key(snapshot, compression)
        kept = self._cache_map.put(key, value, snapshots=(snapshot,), blobs=(packed.digest,))
        return _packed_layer(kept)


def _packed_layer(value: Json) -> PackedLayer:
    return PackedLayer(**cast("Mapping[str, Any]", value))


def _unpacked_key(parent: SnapshotId, diff_id: Digest) -> Digest:
    return digest_of({"operation": "unpack image layer", "parent": parent, "diff_id": diff_id})


def _packed_key(snapshot: SnapshotId, compression: Compression) -> Digest:
    return digest_of({"operation": "pack image layer", "snapshot": snapshot, "compression": compression.value})


class _Tee:
    """Reads, and writes what it read."""

    def __init__(self, source: Source, out: Sink) -> None:
        self._source = source
        self._out = out
        self.size = 0

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        self._out.write(data)
        self.size += len(data)
        return data


class _Cancellable:
    """The same bytes, unless the task that waits for this thread was cancelled: a small layer may unpack for hours."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, size: int, /) -> bytes:
        from_thread.check_cancelled()
        return self._source.read(size)


class _Hashed:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        return data

    def digest(self) -> Digest:
        return Digest("sha256:" + self._hash.hexdigest())


class _HashedSink:
    def __init__(self, out: Sink) -> None:
        self._out = out
        self._hash = hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        from_thread.check_cancelled()
        self._hash.update(data)
        return self._out.write(data)

    def digest(self) -> Digest:
        return Digest("sha256:" + self._hash.hexdigest())


class _Counted:
    def __init__(self, out: Sink) -> None:
        self._out = out
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self.size += len(data)
        return self._out.write(data)
