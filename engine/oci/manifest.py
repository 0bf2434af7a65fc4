"""Manifests, indexes and image configurations: JSON ↔ values (OCI image specification; Docker's manifest schema 2)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, cast

from engine.core.digest import Digest
from engine.core.image_config import ImageConfig
from engine.core.platform import Platform
from engine.errors import ImageError
from engine.oci.compression import Compression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_OCI = "application/vnd.oci.image."
_DOCKER = "application/vnd.docker."
REF_NAME = "org.opencontainers.image.ref.name"


class MediaTypes(Enum):
    """The two families of names for the same things."""

    OCI = "OCI"
    DOCKER = "DOCKER"

    @property
    def manifest(self) -> str:
        """Of one image."""
        return f"{_OCI}manifest.v1+json" if self is MediaTypes.OCI else f"{_DOCKER}distribution.manifest.v2+json"

    @property
    def index(self) -> str:
        """Of several images, one for each platform."""
        return f"{_OCI}index.v1+json" if self is MediaTypes.OCI else f"{_DOCKER}distribution.manifest.list.v2+json"

    @property
    def config(self) -> str:
        """Of an image's configuration."""
        return f"{_OCI}config.v1+json" if self is MediaTypes.OCI else f"{_DOCKER}container.image.v1+json"

    def layer(self, compression: Compression) -> str:
        """Of a layer."""
        separator = "+" if self is MediaTypes.OCI else "."
        start = f"{_OCI}layer.v1.tar" if self is MediaTypes.OCI else f"{_DOCKER}image.rootfs.diff.tar"
        return start if compression is Compression.NONE else start + separator + compression.value


_MANIFESTS = frozenset(family.manifest for family in MediaTypes)
_INDEXES = frozenset(family.index for family in MediaTypes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """Names a blob (OCI image specification, descriptor.md)."""

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None

    def to_json(self) -> dict[str, object]:
        """Give the JSON object."""
        data: dict[str, object] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.annotations:
            data["annotations"] = dict(sorted(self.annotations.items()))
        if self.platform:
            data["platform"] = _platform_json(self.platform)
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One image: its configuration and its layers, the lowest first."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Give the bytes that are stored and named by their digest."""
        data: dict[str, object] = {
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": self.config.to_json(),
            "layers": [layer.to_json() for layer in self.layers],
        }
        return _indented(_with_annotations(data, self.annotations))


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Several images, or other indexes."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Give the JSON object."""
        data: dict[str, object] = {"schemaVersion": 2}
        if self.media_type:
            data["mediaType"] = self.media_type
        data["manifests"] = [manifest.to_json() for manifest in self.manifests]
        return _with_annotations(data, self.annotations)

    def encode(self) -> bytes:
        """Give the bytes that are stored and named by their digest."""
        return _indented(self.to_json())


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How a layer was made."""

    created: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """The image's JSON (OCI image specification, config.md): platform, defaults, layers' digests and history."""

    platform: Platform
    config: ImageConfig
    diff_ids: tuple[Digest, ...]
    history: tuple[History, ...] = ()
    """One entry for each layer. Only written: nothing here reads the history of others."""

    def encode(self) -> bytes:
        """Give the bytes that are stored and named by their digest."""
        data: dict[str, object] = {
            "architecture": self.platform.architecture,
            "config": self.config.to_json(),
            "os": self.platform.os,
            "rootfs": {"type": "layers", "diff_ids": list(self.diff_ids)},
        }
        if self.history:
            data["created"] = timestamp(self.history[-1].created)
            data["history"] = [_history_json(entry) for entry in self.history]
        if self.platform.variant:
            data["variant"] = self.platform.variant
        return json.dumps(dict(sorted(data.items())), separators=(",", ":"), ensure_ascii=False).encode()


def timestamp(moment: datetime) -> str:
    """Write a UTC time as Go does: RFC 3339 without trailing zeros."""
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def _history_json(entry: History) -> dict[str, object]:
    # BuildKit's words, as Dagger's images carry them.
    return {
        "created": timestamp(entry.created),
        "created_by": entry.created_by,
        "comment": "buildkit.exporter.image.v0",
    }


def _platform_json(platform: Platform) -> dict[str, object]:
    data: dict[str, object] = {"architecture": platform.architecture, "os": platform.os}
    return data | {"variant": platform.variant} if platform.variant else data


def _with_annotations(data: dict[str, object], annotations: Mapping[str, str]) -> dict[str, object]:
    return data | {"annotations": dict(sorted(annotations.items()))} if annotations else data


def _indented(data: Mapping[str, object]) -> bytes:
    return json.dumps(data, indent=2, ensure_ascii=False).encode()


def parse_json(data: bytes, what: str) -> dict[str, object]:
    """Read a JSON object; `what` names it in the ImageError."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImageError(f"{what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ImageError(f"{what} is not a JSON object")
    return cast("dict[str, object]", value)


def parse_manifest(data: bytes, media_type: str = "") -> Manifest | Index:
    """Read a manifest or an index; `media_type` is what the descriptor or the registry calls it. Raises ImageError."""
    value = parse_json(data, "the image's manifest")
    media_type = _text(value.get("mediaType")) or media_type
    if media_type in _INDEXES or (not media_type and "manifests" in value):
        return parse_index(value)
    if media_type in _MANIFESTS or (not media_type and "layers" in value):
        return Manifest(
            media_type=media_type or MediaTypes.OCI.manifest,
            config=_descriptor(value.get("config")),
            layers=tuple(_descriptor(layer) for layer in _list(value.get("layers"))),
            annotations=_annotations(value),
        )
    raise ImageError(f'a manifest of type "{media_type}" is not supported: build the image with a current tool')


def parse_index(value: Mapping[str, object]) -> Index:
    """Read an index, or the `index.json` of a layout; raises ImageError."""
    return Index(
        media_type=_text(value.get("mediaType")),
        manifests=tuple(_descriptor(manifest) for manifest in _list(value.get("manifests"))),
        annotations=_annotations(value),
    )


def parse_image_file(data: bytes) -> ImageFile:
    """Read an image's JSON; raises ImageError."""
    value = parse_json(data, "the image's configuration")
    rootfs = value.get("rootfs")
    diff_ids = _list(rootfs.get("diff_ids")) if isinstance(rootfs, dict) else []
    config = value.get("config")
    return ImageFile(
        platform=_platform(value) or Platform(os="linux", architecture="amd64"),
        config=ImageConfig.from_json(config if isinstance(config, dict) else {}),
        diff_ids=tuple(parse_digest(diff_id) for diff_id in diff_ids),
    )


def parse_digest(value: object) -> Digest:
    """Check that it is a SHA-256 digest in lower case; raises ImageError."""
    text = _text(value)
    algorithm, _, digits = text.partition(":")
    if algorithm != "sha256" or len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):  # noqa: PLR2004
        raise ImageError(f'the image names a blob by "{text}", which is not a SHA-256 digest')
    return Digest(text)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _annotations(value: Mapping[str, object]) -> dict[str, str]:
    found = value.get("annotations")
    return {key: text for key, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


def _platform(value: Mapping[str, object]) -> Platform | None:
    os, architecture = _text(value.get("os")), _text(value.get("architecture"))
    return Platform.of(os, architecture, _text(value.get("variant"))) if os and architecture else None


def _descriptor(value: object) -> Descriptor:
    if not isinstance(value, dict):
        raise ImageError("the image's manifest is malformed: a descriptor is missing")
    size, platform = value.get("size"), value.get("platform")
    if not isinstance(size, int) or size < 0:
        raise ImageError("the image's manifest is malformed: a descriptor has no size")
    return Descriptor(
        media_type=_text(value.get("mediaType")),
        digest=parse_digest(value.get("digest")),
        size=size,
        annotations=_annotations(value),
        platform=_platform(platform) if isinstance(platform, dict) else None,
    )
