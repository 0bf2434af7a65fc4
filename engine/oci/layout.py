"""Write an image as an OCI image layout: a directory, or the tar archive that Dagger exports."""

from __future__ import annotations

import errno
import io
import json
import os
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ImageError
from engine.oci.manifest import Descriptor, Index, Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from engine.core.digest import Digest

_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_COPY_SIZE = 1 << 20
_NAME = "io.containerd.image.name"  # containerd images/annotations.go


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """An image that is complete: what it is named by, and all its blobs."""

    root: Descriptor
    """The one manifest, or the one index."""
    manifests: tuple[Manifest, ...]
    documents: Mapping[Digest, bytes]
    """Manifests, indexes, configurations."""
    layers: Mapping[Digest, Path]
    """Files that hold the layers."""
    name: str = ""
    """Under which `docker load` keeps the image; empty, as Dagger exports it: under none."""

    def index(self) -> bytes:
        """Give the text of index.json."""
        root = replace(self.root, annotations={**self.root.annotations, _NAME: self.name}) if self.name else self.root
        return _compact(Index(media_type="", manifests=(root,)).to_json())


def write_directory(layout: Layout, target: Path) -> None:
    """Write the layout into a new directory; layers become links to the files that hold them."""
    blobs = target / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (target / "oci-layout").write_bytes(_LAYOUT)
    (target / "index.json").write_bytes(layout.index())
    for digest, data in layout.documents.items():
        (blobs / digest.removeprefix("sha256:")).write_bytes(data)
    for digest, path in layout.layers.items():
        link(path, blobs / digest.removeprefix("sha256:"))


def link(source: Path, target: Path) -> None:
    """Show a file under a second name, on another file system too."""
    try:
        target.hardlink_to(source)
    except OSError:
        target.symlink_to(source.absolute())


_OF_THE_TARGET = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM})


def write_archive(layout: Layout, out: Path) -> None:
    """Write the archive that Dagger exports (containerd images/archive): entries sorted by name, mode 0600.

    The same image gives the same bytes. Written beside and renamed: `out` is whole or as it was. Raises ImageError
    when it can not be written.
    """
    try:
        _write_beside(layout, out)
    except OSError as error:
        if error.errno not in _OF_THE_TARGET:
            raise
        raise ImageError(f"cannot write the image to {out}: {(error.strerror or str(error)).lower()}") from error


def _write_beside(layout: Layout, out: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=out.parent, prefix=".image-", delete=False) as file:
        try:
            _write_entries(layout, file)
            file.flush()
            Path(file.name).replace(out)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _write_entries(layout: Layout, file: IO[bytes]) -> None:
    with tarfile.TarFile(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, copybufsize=_COPY_SIZE) as tar:
        for name in ("blobs/", "blobs/sha256/"):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
        for digest in sorted({*layout.documents, *layout.layers}):
            name = "blobs/" + digest.replace(":", "/")
            if digest in layout.documents:
                _add(tar, name, layout.documents[digest], 0o444)
            else:
                _add_file(tar, name, layout.layers[digest])
        _add(tar, "index.json", layout.index(), 0o644)
        if len(layout.manifests) == 1:
            _add(tar, "manifest.json", _docker_manifest(layout), 0o644)
        _add(tar, "oci-layout", _LAYOUT, 0o444)


def _add(tar: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), mode
    tar.addfile(info, io.BytesIO(data))


def _add_file(tar: tarfile.TarFile, name: str, path: Path) -> None:
    with path.open("rb") as file:
        info = tarfile.TarInfo(name)
        info.size, info.mode = os.fstat(file.fileno()).st_size, 0o444
        tar.addfile(info, file)


def _docker_manifest(layout: Layout) -> bytes:
    """What `docker load` reads."""
    return _compact(
        [
            {
                "Config": "blobs/" + manifest.config.digest.replace(":", "/"),
                "RepoTags": [layout.name] if layout.name else None,
                "Layers": ["blobs/" + layer.digest.replace(":", "/") for layer in manifest.layers],
            }
            for manifest in layout.manifests
        ]
    )


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
