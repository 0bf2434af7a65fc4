"""Images in and out: archives and registries ↔ snapshots."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import anyio
from anyio import to_thread

from engine.core.digest import Digest, digest_of, digest_of_bytes
from engine.core.image_config import ImageConfig
from engine.core.platform import Platform
from engine.core.tree import EMPTY, SnapshotId
from engine.errors import DigestMismatch, ImageError
from engine.oci.archive import choose, find_image, open_archive, pair_layers
from engine.oci.compression import Compression
from engine.oci.layout import link, write_archive, write_directory
from engine.oci.manifest import History, Manifest, MediaTypes, parse_image_file, parse_manifest
from engine.solver.image_assembly import FinishedImage, FinishedLayer, assemble
from engine.solver.image_layers import ImageLayers, LayerSource

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from engine.core.login import Login
    from engine.oci.archive import Archive
    from engine.oci.compression import Source
    from engine.oci.layout import Layout
    from engine.oci.manifest import Descriptor, ImageFile
    from engine.oci.reference import Reference
    from engine.solver.image_layers import PackedLayer
    from engine.solver.ports import Blobs, CacheMap, Json, Registry, Snapshots

_INDEX_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedImage:
    """An image that is in the store."""

    snapshot: SnapshotId
    config: ImageConfig
    platform: Platform
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledImage:
    """An image of a registry that is in the store."""

    image: ImportedImage
    digest: Digest
    """Of what the address names: a manifest, or an index of several."""
    reference: Reference
    """The address in its canonical form, with that digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageVariant:
    """One platform's container, as it is to be exported."""

    snapshot: SnapshotId
    config: ImageConfig
    platform: Platform
    annotations: Mapping[str, str] = field(default_factory=dict)


class ImageOps:
    """Imports, exports, pulls and publishes images; what was done before is not done again.

    `scratch` is a directory for what is in passing, best on the store's file system. `created` replaces the times at
    which layers were made, for images that are the same whenever they are built (SOURCE_DATE_EPOCH).
    """

    def __init__(
        self,
        *,
        snapshots: Snapshots,
        blobs: Blobs,
        cache_map: CacheMap,
        registry: Registry,
        scratch: Path,
        created: datetime | None = None,
    ) -> None:
        self._snapshots = snapshots
        self._blobs = blobs
        self._cache_map = cache_map
        self._registry = registry
        self._scratch = scratch
        self.created = created
        self._layers = ImageLayers(snapshots=snapshots, blobs=blobs, cache_map=cache_map)

    # Archives.

    async def import_archive(
        self, path: Path, *, tag: str = "", platform: Platform, key: Digest | None = None
    ) -> ImportedImage:
        """Import from an OCI archive or what `docker save` wrote; raises ImageError.

        `key` is the digest of the archive's contents: an archive that was imported before is then not even opened.
        """
        whole = key and digest_of({"operation": "import image", "archive": key, "tag": tag, "platform": str(platform)})
        if whole and (known := await to_thread.run_sync(self._recall, whole)):
            return known
        with await to_thread.run_sync(open_archive, path, self._scratch) as archive:
            found = await to_thread.run_sync(find_image, archive, tag, platform)
            sources = [
                LayerSource(
                    diff_id=layer.diff_id, digest=layer.digest, open=partial(_open_member, archive, layer.member)
                )
                for layer in found.layers
            ]
            image = await self._unpack(found.file, sources, found.annotations)
        return await to_thread.run_sync(self._keep, whole, image) if whole else image

    async def export_archive(
        self,
        variants: Sequence[ImageVariant],
        *,
        compression: Compression | None = None,
        media_types: MediaTypes = MediaTypes.OCI,
        out: Path,
        name: str = "",
    ) -> Digest:
        """Write the archive of the variants, mode 0600, and give the digest of its manifest or index.

        Equal variants give equal bytes. `out` is whole or as it was. Layers are gzip unless `compression` differs.
        With a name `docker load` keeps the image under it. Raises ImageError for no variant, or two of one platform.
        """
        layout = await self._layout(variants, compression or Compression.GZIP, media_types)
        await to_thread.run_sync(write_archive, replace(layout, name=name), out)
        return layout.root.digest

    # Registries.

    async def resolve(self, reference: Reference, logins: Sequence[Login] = ()) -> Digest:
        """Give the digest that the reference stands for now; asks the registry unless it has one already."""
        if reference.digest:
            return reference.digest
        data = await self._registry.manifest(reference.tagged(), logins)
        return await to_thread.run_sync(self._blobs.put, data)

    async def pull(self, reference: Reference, platform: Platform, logins: Sequence[Login] = ()) -> PulledImage:
        """Bring an image of a registry into the store; one that is there, by its digest, needs no network.

        Raises ImageError.
        """
        reference = reference.tagged()
        digest = await self.resolve(reference, logins)
        pinned = reference.with_digest(digest)
        whole = digest_of({"operation": "pull image", "digest": digest, "platform": str(platform)})
        image = await to_thread.run_sync(self._recall, whole)
        if image is None:
            fetched = await self._fetch(pinned, platform, logins)
            image = await to_thread.run_sync(self._keep, whole, fetched)
        return PulledImage(image=image, digest=digest, reference=pinned)

    async def publish(
        self,
        variants: Sequence[ImageVariant],
        reference: Reference,
        *,
        compression: Compression | None = None,
        media_types: MediaTypes = MediaTypes.OCI,
        logins: Sequence[Login] = (),
    ) -> Digest:
        """Send the variants to a registry, as `export_archive` writes them; gives the digest. Raises ImageError."""
        layout = await self._layout(variants, compression or Compression.GZIP, media_types)
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="push-") as directory:
            await to_thread.run_sync(write_directory, layout, Path(directory))
            await self._registry.upload(Path(directory), replace(reference, digest=None).tagged(), logins)
        return layout.root.digest

    # In.

    async def _fetch(self, reference: Reference, platform: Platform, logins: Sequence[Login]) -> ImportedImage:
        one, manifest = await self._choose(reference, platform, logins)
        file = parse_image_file(
            await self._checked(manifest.config.digest, partial(self._registry.config, one, logins))
        )
        layers = pair_layers(manifest, file)
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="pull-") as directory:
            blobs = Path(directory)
            if not await to_thread.run_sync(self._are_unpacked, file.diff_ids):
                await to_thread.run_sync(self._lend, layers, blobs)
                await self._registry.download(one, blobs, logins)
            sources = [
                LayerSource(
                    diff_id=diff_id, digest=layer.digest, open=partial(_open_file, _blob_file(blobs, layer.digest))
                )
                for layer, diff_id in layers
            ]
            return await self._unpack(file, sources, manifest.annotations)

    async def _choose(
        self, reference: Reference, platform: Platform, logins: Sequence[Login]
    ) -> tuple[Reference, Manifest]:
        """Go down from indexes to the manifest for the platform."""
        for _ in range(_INDEX_DEPTH):
            digest = cast("Digest", reference.digest)
            data = await self._checked(digest, partial(self._registry.manifest, reference, logins))
            found = parse_manifest(data)
            if isinstance(found, Manifest):
                return reference, found
            fitting = choose(found, platform)
            if not fitting:
                raise ImageError(f"no manifest for platform {platform} in {reference}")
            reference = replace(reference, digest=fitting[0].digest)
        raise ImageError(f"{reference} is an index of indexes of indexes, and so on")

    async def _checked(self, digest: Digest, ask: Callable[[], Awaitable[bytes]]) -> bytes:
        """Give a small blob of that digest: from the store, or from the registry and then kept."""
        if await to_thread.run_sync(self._blobs.has, digest):
            return await to_thread.run_sync(self._blobs.get, digest)
        data = await ask()
        if digest_of_bytes(data) != digest:
            raise DigestMismatch(f"the registry answered with {digest_of_bytes(data)} where {digest} was asked for")
        await to_thread.run_sync(self._blobs.put, data)
        return data

    def _are_unpacked(self, diff_ids: Sequence[Digest]) -> bool:
        snapshot: SnapshotId | None = EMPTY
        for diff_id in diff_ids:
            if snapshot is not None:
                snapshot = self._layers.unpacked(snapshot, diff_id)
        return snapshot is not None

    def _lend(self, layers: Sequence[tuple[Descriptor, Digest]], blobs: Path) -> None:
        """Put the blobs that the store has where the download looks for them."""
        (blobs / "sha256").mkdir()
        for layer, _ in layers:
            target = _blob_file(blobs, layer.digest)
            if self._blobs.has(layer.digest) and not target.exists():
                link(self._blobs.path(layer.digest), target)

    async def _unpack(
        self, file: ImageFile, layers: Sequence[LayerSource], annotations: Mapping[str, str]
    ) -> ImportedImage:
        snapshot = EMPTY
        for layer in layers:
            snapshot = await self._layers.unpack(snapshot, layer)
        return ImportedImage(snapshot=snapshot, config=file.config, platform=file.platform, annotations=annotations)

    def _keep(self, key: Digest, image: ImportedImage) -> ImportedImage:
        value = {
            "snapshot": image.snapshot,
            "config": image.config.to_json(),
            "platform": str(image.platform),
            "annotations": dict(image.annotations),
        }
        return _imported(self._cache_map.put(key, value, snapshots=(image.snapshot,) if image.snapshot else ()))

    def _recall(self, key: Digest) -> ImportedImage | None:
        known = self._cache_map.get(key)
        return None if known is None else _imported(known)

    # Out.

    async def _layout(
        self, variants: Sequence[ImageVariant], compression: Compression, media_types: MediaTypes
    ) -> Layout:
        present = [variant for variant in variants if variant.snapshot != EMPTY]
        lineages = [await to_thread.run_sync(self._snapshots.lineage, variant.snapshot) for variant in present]
        layers = await self._finish({snapshot for lineage in lineages for snapshot in lineage}, compression)
        images = [
            FinishedImage(
                config=variant.config,
                platform=variant.platform,
                layers=tuple(layers[snapshot] for snapshot in lineage),
                annotations=variant.annotations,
            )
            for variant, lineage in zip(present, lineages, strict=True)
        ]
        return assemble(images, compression, media_types)

    async def _finish(self, snapshots: set[SnapshotId], compression: Compression) -> dict[SnapshotId, FinishedLayer]:
        """Pack layers side by side, as many as there are processors."""
        finished: dict[SnapshotId, FinishedLayer] = {}
        limiter = anyio.CapacityLimiter(os.cpu_count() or 1)

        async def finish(snapshot: SnapshotId) -> None:
            async with limiter:
                packed = await self._layers.pack(snapshot, compression)
            finished[snapshot] = await to_thread.run_sync(self._described, snapshot, packed)

        async with anyio.create_task_group() as group:
            for snapshot in snapshots:
                group.start_soon(finish, snapshot)
        return finished

    def _described(self, snapshot: SnapshotId, packed: PackedLayer) -> FinishedLayer:
        description, created = self._snapshots.described(snapshot)
        history = History(created=self.created or created, created_by=description)
        return FinishedLayer(packed=packed, path=self._blobs.path(packed.digest), history=history)


def _imported(value: Json) -> ImportedImage:
    data = cast("Mapping[str, Any]", value)
    return ImportedImage(
        snapshot=SnapshotId(data["snapshot"]),
        config=ImageConfig.from_json(data["config"]),
        platform=Platform.parse(data["platform"]),
        annotations=data["annotations"],
    )


def _blob_file(blobs: Path, digest: Digest) -> Path:
    return blobs / digest.replace(":", "/")


@contextmanager
def _open_member(archive: Archive, member: str) -> Iterator[Source]:
    yield archive.open(member)


@contextmanager
def _open_file(path: Path) -> Iterator[Source]:
    with path.open("rb") as file:
        yield file
