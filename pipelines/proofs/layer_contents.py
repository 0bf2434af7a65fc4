"""Read what is in the layers of an archived image: every entry with its owner and mode, and what a scan found in it."""

from __future__ import annotations

import gzip
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from pipelines.errors import PipelineError
from pipelines.proofs.leaks import leaks_in

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

    from pipelines.archive import ArchivedImage

_CAPABILITY = "SCHILY.xattr.security.capability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a layer, by its path without a leading slash; `size` is 0 for all but files."""

    path: str
    kind: bytes
    mode: int
    owner: tuple[int, int]
    size: int
    capable: bool

    @property
    def is_directory(self) -> bool:
        """Whether it may be listed by more than one layer."""
        return self.kind == tarfile.DIRTYPE

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link, whose mode says nothing."""
        return self.kind == tarfile.SYMTYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerContents:
    """All entries of one layer, and what must not be published of it: path and kind of secret."""

    digest: str
    entries: tuple[Entry, ...]
    leaks: tuple[str, ...]
    scanned: int
    """Bytes of files that were searched."""


def read_layers(
    path: Path, image: ArchivedImage, known: MutableMapping[str, LayerContents]
) -> tuple[LayerContents, ...]:
    """Read every layer, bottom to top; what `known` has by its digest is not read again; what is read is added."""
    try:
        with tarfile.open(path) as archive:
            for layer in image.layers:
                if layer.digest not in known:
                    known[layer.digest] = _read(archive, layer.digest)
    except (OSError, KeyError, EOFError, tarfile.TarError) as error:
        raise PipelineError(f"a layer of {path} cannot be read: {error}", hint="build it again") from error
    return tuple(known[layer.digest] for layer in image.layers)


def _read(archive: tarfile.TarFile, digest: str) -> LayerContents:
    blob = archive.extractfile(f"blobs/{digest.replace(':', '/')}")
    if blob is None:
        raise KeyError(digest)
    entries, leaks, scanned = [], [], 0
    with tarfile.open(fileobj=_plain(blob), mode="r|") as layer:
        for member in layer:
            entry = _entry(member)
            entries.append(entry)
            content = layer.extractfile(member) if member.isfile() else None
            data = content.read() if content else b""
            scanned += len(data)
            leaks += [f"{entry.path}: {kind}" for kind in leaks_in(entry.path, data)]
    return LayerContents(digest=digest, entries=tuple(entries), leaks=tuple(leaks), scanned=scanned)


def _plain(blob: IO[bytes]) -> Any:  # noqa: ANN401 - what tarfile reads has no name of its own
    magic = blob.read(2)
    blob.seek(0)
    return gzip.GzipFile(fileobj=blob) if magic == b"\x1f\x8b" else blob


def _entry(member: tarfile.TarInfo) -> Entry:
    return Entry(
        path=member.name.removeprefix("./").strip("/"),
        kind=member.type,
        mode=member.mode,
        owner=(member.uid, member.gid),
        size=member.size if member.isfile() else 0,
        capable=_CAPABILITY in member.pax_headers,
    )
