"""Image archives that are small and become huge."""

from __future__ import annotations

import gzip
import json
import tarfile
from typing import TYPE_CHECKING

from tests.tars import CONFIG, MANIFEST, ImageArchive, entry, sha256

if TYPE_CHECKING:
    from pathlib import Path

_PIECE = 1 << 26
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def zeros_layer(path: Path, *, gibibytes: int) -> Path:
    """Write an image with one file, `zeros`, of that size. Its layer's digest is wrong, but who gets that far?"""
    size = gibibytes << 30
    head = entry("zeros", mode=0o644)[0]
    head.size = size
    # A gzip file may have several members (RFC 1952, 2.2): one piece of zeros is compressed once.
    layer = gzip.compress(head.tobuf(tarfile.GNU_FORMAT)) + gzip.compress(bytes(_PIECE)) * (size // _PIECE)
    archive = ImageArchive()
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [sha256(b"")]}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": archive.blob(json.dumps(config).encode(), CONFIG),
        "layers": [archive.blob(layer, _LAYER)],
    }
    archive.manifests.append(archive.blob(json.dumps(manifest).encode(), MANIFEST))
    path.write_bytes(archive.tar())
    return path
