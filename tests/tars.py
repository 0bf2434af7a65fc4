"""Tars and image archives made by hand, for tests."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
REF_NAME = "org.opencontainers.image.ref.name"


def entry(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """One entry; a name with a slash at its end is a directory."""
    info = tarfile.TarInfo(name.rstrip("/") or "./")
    info.size, info.mode = len(data), 0o644
    if name.endswith("/"):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def symlink(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return entry(name, type=tarfile.SYMTYPE, linkname=target)


def hardlink(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return entry(name, type=tarfile.LNKTYPE, linkname=target)


def tar(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A tar of these entries."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class ImageArchive:
    """An OCI archive under construction."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: list[Mapping[str, object]] = []

    def blob(self, data: bytes, media_type: str) -> dict[str, object]:
        self.blobs[sha256(data)] = data
        return {"mediaType": media_type, "digest": sha256(data), "size": len(data)}

    def image(
        self,
        *layers: bytes,
        diff_ids: Sequence[str] | None = None,
        config: Mapping[str, object] | None = None,
        tag: str = "",
        platform: str = "linux/amd64",
        named_platform: bool = True,
        annotations: Mapping[str, str] | None = None,
    ) -> dict[str, object]:
        """Add an image; gives its descriptor."""
        os, architecture = platform.split("/")
        ids = [sha256(layer) for layer in layers] if diff_ids is None else list(diff_ids)
        whole = {
            "os": os,
            "architecture": architecture,
            "config": config or {},
            "rootfs": {"type": "layers", "diff_ids": ids},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.blob(json.dumps(whole).encode(), CONFIG),
            "layers": [self.blob(layer, LAYER) for layer in layers],
            **({"annotations": annotations} if annotations else {}),
        }
        descriptor = self.blob(json.dumps(manifest).encode(), MANIFEST)
        if named_platform:
            descriptor["platform"] = {"os": os, "architecture": architecture}
        if tag:
            descriptor["annotations"] = {REF_NAME: tag}
        self.manifests.append(descriptor)
        return descriptor

    def tar(self) -> bytes:
        index = {"schemaVersion": 2, "manifests": self.manifests}
        return tar(
            entry("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
            entry("index.json", json.dumps(index).encode()),
            *(entry(f"blobs/{digest.replace(':', '/')}", data) for digest, data in self.blobs.items()),
        )
