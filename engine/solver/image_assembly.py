"""Put the manifests of an image together from its layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.core.digest import digest_of_bytes
from engine.errors import ImageError
from engine.oci.layout import Layout
from engine.oci.manifest import Descriptor, History, ImageFile, Index, Manifest, MediaTypes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine.core.digest import Digest
    from engine.core.image_config import ImageConfig
    from engine.core.platform import Platform
    from engine.oci.compression import Compression
    from engine.solver.image_layers import PackedLayer


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedLayer:
    """A layer as a blob, the file that holds it, and how it was made."""

    packed: PackedLayer
    path: Path
    history: History


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedImage:
    """One platform's image, all of whose layers are blobs."""

    config: ImageConfig
    platform: Platform
    layers: tuple[FinishedLayer, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)


def assemble(images: Sequence[FinishedImage], compression: Compression, media_types: MediaTypes) -> Layout:
    """Give the layout: of one image its manifest, of several an index, sorted by platform.

    Raises ImageError when there is none, or two for the same platform.
    """
    if not images:
        raise ImageError("no containers to export")
    documents: dict[Digest, bytes] = {}
    manifests: list[Manifest] = []
    described: list[Descriptor] = []
    images = sorted(images, key=lambda image: str(image.platform))
    for image, following in zip(images, [*images[1:], None], strict=True):
        if following and image.platform == following.platform:
            raise ImageError(f'duplicate platform "{image.platform}"')
        manifest = _manifest(image, compression, media_types, documents)
        manifests.append(manifest)
        described.append(_described(manifest, documents, image.platform if len(images) > 1 else None))
    root = described[0] if len(described) == 1 else _index(described, media_types, documents)
    layers = {layer.packed.digest: layer.path for image in images for layer in image.layers}
    return Layout(root=root, manifests=tuple(manifests), documents=documents, layers=layers)


def _manifest(
    image: FinishedImage, compression: Compression, media_types: MediaTypes, documents: dict[Digest, bytes]
) -> Manifest:
    file = ImageFile(
        platform=image.platform,
        config=image.config,
        diff_ids=tuple(layer.packed.diff_id for layer in image.layers),
        history=tuple(layer.history for layer in image.layers),
    )
    layer_type = media_types.layer(compression)
    return Manifest(
        media_type=media_types.manifest,
        config=_document(file.encode(), media_types.config, documents),
        layers=tuple(
            Descriptor(media_type=layer_type, digest=layer.packed.digest, size=layer.packed.size)
            for layer in image.layers
        ),
        annotations=image.annotations,
    )


def _document(data: bytes, media_type: str, documents: dict[Digest, bytes]) -> Descriptor:
    digest = digest_of_bytes(data)
    documents[digest] = data
    return Descriptor(media_type=media_type, digest=digest, size=len(data))


def _described(manifest: Manifest, documents: dict[Digest, bytes], platform: Platform | None) -> Descriptor:
    data = manifest.encode()
    digest = digest_of_bytes(data)
    documents[digest] = data
    return Descriptor(
        media_type=manifest.media_type,
        digest=digest,
        size=len(data),
        annotations=manifest.annotations,
        platform=platform,
    )


def _index(manifests: Sequence[Descriptor], media_types: MediaTypes, documents: dict[Digest, bytes]) -> Descriptor:
    index = Index(media_type=media_types.index, manifests=tuple(manifests))
    return _document(index.encode(), media_types.index, documents)
