"""Find an image in an archive: a tar of an OCI layout, or what `docker save` writes; either may be compressed."""

from __future__ import annotations

import os
import tarfile
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.digest import Digest, digest_of_bytes
from engine.errors import DigestMismatch, ImageError
from engine.oci import compression
from engine.oci.manifest import (
    REF_NAME,
    Descriptor,
    ImageFile,
    Index,
    Manifest,
    parse_image_file,
    parse_index,
    parse_json,
    parse_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import IO, Self

    from engine.core.platform import Platform

_LARGEST_JSON = 8 << 20
_LINKS = 8
_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedLayer:
    """A layer's bytes, by their name in the archive."""

    member: str
    diff_id: Digest
    digest: Digest | None
    """Of the bytes; None where the format does not say it (`docker save`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedImage:
    """An image in an archive."""

    file: ImageFile
    layers: tuple[ArchivedLayer, ...]
    annotations: Mapping[str, str]


class Archive:
    """A tar on disk whose members can be read in any order, from several threads; a context that closes it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._descriptor = file.fileno()
        try:
            with tarfile.open(fileobj=file, mode="r:") as tar:
                self._members = {_member_name(info.name): info for info in tar}
        except (tarfile.TarError, ValueError, OverflowError) as error:
            raise _not_an_archive() from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def open(self, name: str) -> compression.Source:
        """Open a member for reading; links inside the archive are followed. Raises ImageError when it is missing."""
        info = self._find(name)
        return _Section(self._descriptor, info.offset_data, info.size)

    def read(self, name: str) -> bytes:
        """Read a small member; raises ImageError when it is missing or far too large for what it is."""
        size = self._find(name).size
        if size > _LARGEST_JSON:
            raise ImageError(f'"{name}" in the image archive has {size} bytes, which is too much')
        return self.open(name).read(size)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def _find(self, name: str) -> tarfile.TarInfo:
        found = name
        for _ in range(_LINKS):
            info = self._members.get(found)
            if info is None or info.isreg():
                break
            if info.issym():
                found = _member_name(f"{found.rpartition('/')[0]}/{info.linkname}")
            else:
                found = _member_name(info.linkname)
        if info is None or not info.isreg():
            raise ImageError(f'"{name}" is missing from the image archive')
        return info


def open_archive(path: Path, scratch: Path) -> Archive:
    """Open an image archive, a compressed one by way of a nameless file in `scratch`; raises ImageError."""
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(path.open("rb"))
        kind, contents = compression.decompress(file)
        if kind is not compression.Compression.NONE:
            unpacked = stack.enter_context(tempfile.TemporaryFile(dir=scratch))
            compression.copy(contents, unpacked.write)
            unpacked.flush()
            file.close()
            file = unpacked
        file.seek(0)
        archive = Archive(file)
        stack.pop_all()
    return archive


def find_image(archive: Archive, tag: str, platform: Platform) -> ArchivedImage:
    """Choose the image of that tag (any, if empty) for that platform; raises ImageError when there is none."""
    if "index.json" in archive and "oci-layout" in archive:
        return _from_layout(archive, tag, platform)
    if "manifest.json" in archive:
        return _from_docker(archive, tag, platform)
    raise _not_an_archive()


def _from_layout(archive: Archive, tag: str, platform: Platform) -> ArchivedImage:
    index = parse_index(parse_json(archive.read("index.json"), "index.json of the image archive"))
    manifest = _find_manifest(archive, index, tag, platform, _DEPTH)
    if manifest is None:
        raise _no_manifest(tag, platform)
    file = parse_image_file(_blob(archive, manifest.config))
    layers = pair_layers(manifest, file)
    return ArchivedImage(
        file=file,
        layers=tuple(
            ArchivedLayer(member=_blob_name(layer.digest), diff_id=diff_id, digest=layer.digest)
            for layer, diff_id in layers
        ),
        annotations=manifest.annotations,
    )


def pair_layers(manifest: Manifest, file: ImageFile) -> list[tuple[Descriptor, Digest]]:
    """Put each layer beside the digest of its contents; raises ImageError when their numbers differ."""
    if len(manifest.layers) != len(file.diff_ids):
        raise ImageError(
            f"the image is malformed: its manifest has {len(manifest.layers)} layers, "
            f"its configuration {len(file.diff_ids)}"
        )
    return list(zip(manifest.layers, file.diff_ids, strict=True))


def choose(index: Index, platform: Platform, tag: str = "") -> list[Descriptor]:
    """Descriptors for the platform and the tag, the best first; one without a platform fits every platform."""
    named = [one for one in index.manifests if not tag or one.annotations.get(REF_NAME) == tag]
    return [one for wanted in platform.accepted() for one in named if one.platform in (None, wanted)]


def _find_manifest(archive: Archive, index: Index, tag: str, platform: Platform, depth: int) -> Manifest | None:
    for descriptor in choose(index, platform, tag):
        found = parse_manifest(_blob(archive, descriptor), descriptor.media_type)
        if isinstance(found, Index):
            inner = _find_manifest(archive, found, "", platform, depth - 1) if depth else None
            if inner:
                return inner
        else:
            return found
    return None


def _blob(archive: Archive, descriptor: Descriptor) -> bytes:
    data = archive.read(_blob_name(descriptor.digest))
    if digest_of_bytes(data) != descriptor.digest:
        raise DigestMismatch(f"the image archive is damaged: the blob {descriptor.digest} has other contents")
    return data


def _blob_name(digest: Digest) -> str:
    return "blobs/" + digest.replace(":", "/")


def _from_docker(archive: Archive, tag: str, platform: Platform) -> ArchivedImage:
    """Read what `docker save` wrote before it wrote layouts (moby image/spec/v1.2.md, "Combined Image JSON")."""
    wrapped = b'{"images":' + archive.read("manifest.json") + b"}"
    found = parse_json(wrapped, "manifest.json of the image archive")["images"]
    images = found if isinstance(found, list) else []
    for image in images:
        if not isinstance(image, dict) or not _is_tagged(image.get("RepoTags"), tag):
            continue
        file = parse_image_file(archive.read(_member_name(str(image.get("Config")))))
        if file.platform not in platform.accepted() and len(images) > 1:
            continue
        names = [_member_name(str(name)) for name in image.get("Layers") or ()]
        if len(names) != len(file.diff_ids):
            raise ImageError(
                "the image archive is malformed: manifest.json and the configuration differ in their layers"
            )
        layers = (
            ArchivedLayer(member=name, diff_id=diff_id, digest=None)
            for name, diff_id in zip(names, file.diff_ids, strict=True)
        )
        return ArchivedImage(file=file, layers=tuple(layers), annotations={})
    raise _no_manifest(tag, platform)


def _is_tagged(names: object, tag: str) -> bool:
    if not tag:
        return True
    return isinstance(names, list) and any(tag in (name, str(name).rpartition(":")[2]) for name in names)


def _member_name(name: str) -> str:
    return os.path.normpath(name).lstrip("/")


def _no_manifest(tag: str, platform: Platform) -> ImageError:
    return ImageError(
        f"no manifest for platform {platform} and tag {tag}" if tag else f"no manifest for platform {platform}"
    )


def _not_an_archive() -> ImageError:
    return ImageError(
        "the file is not an image archive: make one with `docker save`, `skopeo copy … oci-archive:` or asTarball"
    )


class _Section:
    """A part of a file, read by position: several may be open at once."""

    def __init__(self, descriptor: int, offset: int, size: int) -> None:
        self._descriptor = descriptor
        self._offset = offset
        self._left = size

    def read(self, size: int, /) -> bytes:
        data = os.pread(self._descriptor, min(size, self._left), self._offset)
        self._offset += len(data)
        self._left -= len(data)
        return data
