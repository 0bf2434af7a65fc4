"""Tell in milliseconds, without Django, whether the static files are those the image was built with.

Rule 1: the build writes one stamp twice: in the static root, and beside the code. A volume mounted over the static
root can hide or age the first, never the second.
Rule 2: the stamp's release is a digest of the manifest, whose hashed names are digests of the files' contents: the same
files give the same release, and other files another one.
Rule 3: times are not looked at, for an image build may rewrite them; files the stamp does not know are let be, for
servers of an older release may still be handing them out.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STAMP = ".collected.json"
MANIFEST = "staticfiles.json"
_READABLE = 0o644
_HASHED = re.compile(r"\.[0-9a-f]{12}(\.|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the static files are as built, and the one line that says so."""

    as_built: bool
    reason: str


def write_stamps(*, static_root: Path, code: Path) -> int:
    """Record what collectstatic left in `static_root`, there and beside the code; return the number of files.

    Also sorts the manifest, whose order is that of the file system's listing, and makes every file readable, which the
    compressed ones are only as far as the build's umask goes: the same files then give the same layer.
    """
    _sort_manifest(static_root / MANIFEST)
    _make_readable(static_root)
    stamp = _stamp(static_root)
    _write(static_root / STAMP, stamp)
    _write(code / STAMP, stamp)
    return len(stamp["files"])


def renew_stamp(*, static_root: Path) -> None:
    """Record a collection at run time, so that the next start on the same volume has nothing to do.

    A storage that keeps no manifest (local settings) has nothing to record by, and collects at every start.
    """
    if not (static_root / MANIFEST).exists():
        return
    _sort_manifest(static_root / MANIFEST)
    _write(static_root / STAMP, _stamp(static_root))


def judge(*, static_root: Path, code: Path) -> Verdict:
    """Compare the static files with what the build recorded."""
    built = _read(code / STAMP)
    if built is None:
        return Verdict(as_built=False, reason=f"no record of a build beside the code ({code / STAMP} is missing)")
    found = _read(static_root / STAMP)
    if found is None:
        return Verdict(as_built=False, reason=f"{static_root} does not hold what the image brought (a volume?)")
    if found["release"] != built["release"]:
        return Verdict(as_built=False, reason=f"{static_root} holds another release's files (a volume?)")
    return _complete(static_root, built["files"])


def drop_unhashed(*, static_root: Path) -> None:
    """Remove every file whose name carries no digest of its content.

    Django copies a file only where the source is newer, and an image's files are as old as its commit: an older
    release's file would stay for ever. Hashed names stay: servers of that release may still be handing them out.
    """
    for path in _walk(static_root):
        if not _HASHED.search(path.name):
            path.unlink()


def _complete(static_root: Path, files: dict[str, int]) -> Verdict:
    root = os.fspath(static_root)
    for name, size in files.items():
        try:
            found = os.stat(f"{root}/{name}").st_size  # noqa: PTH116 - half the time of a Path per file
        except OSError:
            return Verdict(as_built=False, reason=f"{root}/{name} is missing")
        if found != size:
            return Verdict(as_built=False, reason=f"{root}/{name} has {found} bytes instead of {size}")
    return Verdict(as_built=True, reason=f"{len(files)} files as built, nothing to copy")


def _stamp(static_root: Path) -> dict[str, object]:
    files = {
        path.relative_to(static_root).as_posix(): path.stat().st_size
        for path in sorted(_walk(static_root))
        if path.name != STAMP
    }
    return {"release": hashlib.sha256((static_root / MANIFEST).read_bytes()).hexdigest(), "files": files}


def _make_readable(root: Path) -> None:
    for path in _walk(root):
        if path.stat().st_mode & 0o777 != _READABLE:
            path.chmod(_READABLE)


def _walk(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())


def _sort_manifest(path: Path) -> None:
    manifest = json.loads(path.read_bytes())
    _write(path, manifest | {"paths": dict(sorted(manifest["paths"].items()))})


def _read(path: Path) -> dict[str, object] | None:
    try:
        stamp = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) and stamp.keys() >= {"release", "files"} else None


def _write(path: Path, content: dict[str, object]) -> None:
    # Beside, then renamed: a start that is killed leaves no half stamp.
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(content, indent=0), encoding="utf-8")
        beside.chmod(_READABLE)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
