"""OCI image archives on disk: write one of a single layer, read what is in one (OCI image-spec, image-layout.md)."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

# Level 6 is zlib's default; higher levels cost twice the time for one percent of the size.
GZIP_LEVEL = 6
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer as the manifest names it; `size` is its bytes in the archive."""

    digest: str
    diff_id: str
    size: int
    created_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedImage:
    """The image in an archive: its manifest digest, its config as written, its layers bottom to top."""

    digest: str
    config: Mapping[str, Any]
    layers: tuple[Layer, ...]

    @property
    def size(self) -> int:
        """Bytes of all layers as they are stored."""
        return sum(layer.size for layer in self.layers)


def read_image(path: Path) -> ArchivedImage:
    """Read the one image of an OCI archive."""
    try:
        with tarfile.open(path) as archive:
            return _read(archive)
    except (OSError, KeyError, ValueError, IndexError, tarfile.TarError) as error:
        raise PipelineError(f"{path} is not an OCI image archive: {error}") from error


def _read(archive: tarfile.TarFile) -> ArchivedImage:
    digest: str = _json(archive, "index.json")["manifests"][0]["digest"]
    manifest = _json(archive, _blob(digest))
    config = _json(archive, _blob(manifest["config"]["digest"]))
    history = [entry.get("created_by", "") for entry in config.get("history", []) if not entry.get("empty_layer")]
    layers = tuple(
        Layer(
            digest=layer["digest"],
            diff_id=diff_id,
            size=layer["size"],
            created_by=history[position] if position < len(history) else "",
        )
        for position, (layer, diff_id) in enumerate(zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True))
    )
    return ArchivedImage(digest=digest, config=config, layers=layers)


def _json(archive: tarfile.TarFile, name: str) -> Any:  # noqa: ANN401 - JSON is what it is
    member = archive.extractfile(name)
    if member is None:
        raise KeyError(name)
    return json.load(member)


def _blob(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    return f"blobs/{algorithm}/{value}"


def compress_layer(layer: Path, blob: Path) -> tuple[str, str]:
    """Write `layer` as gzip to `blob` with no time or name in it; return the digests of `blob` and of `layer`."""
    plain, packed = hashlib.sha256(), hashlib.sha256()
    with (
        layer.open("rb") as source,
        blob.open("wb") as target,
        gzip.GzipFile(filename="", mode="wb", fileobj=target, compresslevel=GZIP_LEVEL, mtime=0) as stream,
    ):
        while chunk := source.read(_CHUNK):
            plain.update(chunk)
            stream.write(chunk)
    with blob.open("rb") as written:
        while chunk := written.read(_CHUNK):
            packed.update(chunk)
    return f"sha256:{packed.hexdigest()}", f"sha256:{plain.hexdigest()}"


def write_single_layer(layer: Path, target: Path, *, architecture: str, config: Mapping[str, Any]) -> str:
    """Write an archive whose image is the one tar `layer`; return its manifest digest. Same input, same bytes."""
    blob = target.with_suffix(".layer")
    digest, diff_id = compress_layer(layer, blob)
    try:
        small: dict[str, bytes] = {}
        description = {
            "architecture": architecture,
            "config": dict(config),
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _add(small, CONFIG, description),
            "layers": [{"mediaType": LAYER, "digest": digest, "size": blob.stat().st_size}],
        }
        descriptor = _add(small, MANIFEST, manifest)
        descriptor["platform"] = {"os": "linux", "architecture": architecture}
        _write_layout(target, descriptor, small, blob, digest)
    finally:
        blob.unlink(missing_ok=True)
    return str(descriptor["digest"])


def _add(blobs: dict[str, bytes], media_type: str, value: object) -> dict[str, Any]:
    data = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    blobs[digest] = data
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _write_layout(
    target: Path, descriptor: Mapping[str, Any], small: Mapping[str, bytes], blob: Path, digest: str
) -> None:
    index = {"schemaVersion": 2, "manifests": [descriptor]}
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in [
            ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
            ("index.json", json.dumps(index, sort_keys=True, separators=(",", ":")).encode()),
            *sorted((_blob(name), data) for name, data in small.items()),
        ]:
            archive.addfile(_entry(name, len(data)), io.BytesIO(data))
        with blob.open("rb") as stream:
            archive.addfile(_entry(_blob(digest), blob.stat().st_size), stream)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o644
    return entry
