"""Make the small Debian image that tests run commands in, with mmdebstrap, as an OCI archive."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_RECIPE = ("mmdebstrap", "--quiet", "--variant=minbase", "--include=python3,ca-certificates", "trixie", "-")
_CONFIG = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]}
_MEDIA = "application/vnd.oci.image."


def cached_base_archive(cache: Path) -> Path:
    """Give the archive of this recipe from the cache, making it first if it is not there."""
    architecture = _ARCHITECTURES[os.uname().machine]
    key = hashlib.sha256(json.dumps([_RECIPE, _CONFIG, architecture]).encode()).hexdigest()
    archive = cache / f"base-{key[:16]}.oci.tar"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            unfinished = archive.with_suffix(".unfinished")
            _make(unfinished, architecture)
            unfinished.rename(archive)
    return archive


def _make(archive: Path, architecture: str) -> None:
    layer = subprocess.run(_RECIPE, check=True, stdout=subprocess.PIPE, env=os.environ | {"SOURCE_DATE_EPOCH": "0"})
    blobs: dict[str, bytes] = {}

    def described(kind: str, data: bytes) -> dict[str, object]:
        name = hashlib.sha256(data).hexdigest()
        blobs[name] = data
        return {"mediaType": _MEDIA + kind, "digest": f"sha256:{name}", "size": len(data)}

    config = {
        "architecture": architecture,
        "os": "linux",
        "config": _CONFIG,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer.stdout).hexdigest()]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MEDIA + "manifest.v1+json",
        "config": described("config.v1+json", json.dumps(config).encode()),
        "layers": [described("layer.v1.tar+gzip", gzip.compress(layer.stdout, 1, mtime=0))],
    }
    entry = described("manifest.v1+json", json.dumps(manifest).encode())
    entry["platform"] = {"os": "linux", "architecture": architecture}
    files = {
        "oci-layout": json.dumps({"imageLayoutVersion": "1.0.0"}).encode(),
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(),
        **{f"blobs/sha256/{name}": data for name, data in blobs.items()},
    }
    with tarfile.open(archive, "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
