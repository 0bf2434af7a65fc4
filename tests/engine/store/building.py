"""Build small trees for tests, and list what became of them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from engine.core.tree import CopyFile, CopyTree, Owner, Selection, SnapshotId, Source, WriteFile
from engine.store.tree import FileTrees

if TYPE_CHECKING:
    from collections.abc import Mapping

TREES = FileTrees()
_KINDS = {
    stat.S_IFREG: "f",
    stat.S_IFDIR: "d",
    stat.S_IFLNK: "l",
    stat.S_IFIFO: "p",
    stat.S_IFSOCK: "s",
    stat.S_IFCHR: "c",
}


def build(root: Path, files: Mapping[str, str | None]) -> Path:
    """Write files (0644) and directories (0755; a value of None) whatever the umask is."""
    for path, text in {".": None, **files}.items():
        place = root / path
        directory = place if text is None else place.parent
        for made in reversed([path for path in (directory, *directory.parents) if not path.exists()]):
            made.mkdir()
            made.chmod(0o755)
        if text is not None:
            place.write_text(text)
            place.chmod(0o644)
    return root


def listing(root: Path) -> list[str]:
    """Every path below `root`: kind, mode, owner and target of a link."""
    return sorted(_line(root, Path(top, name)) for top, below, files in os.walk(root) for name in (*below, *files))


def _line(root: Path, path: Path) -> str:
    status = path.lstat()
    target = f" {path.readlink()}" if stat.S_ISLNK(status.st_mode) else ""
    kind = _KINDS[stat.S_IFMT(status.st_mode)]
    return f"{path.relative_to(root)} {kind} {stat.S_IMODE(status.st_mode):o} {status.st_uid}:{status.st_gid}{target}"


def names(directory: Path) -> list[str]:
    """Names in a directory, sorted."""
    return sorted(path.name for path in directory.iterdir())


def write(
    root: Path, path: str, text: str, *, mode: int = 0o644, in_place: bool = True, owner: Owner | None = None
) -> Path:
    TREES.apply(root, WriteFile(path=path, contents=text.encode(), mode=mode, in_place=in_place, owner=owner))
    return root


def copy_tree(
    root: Path,
    source: Path,
    path: str = "/",
    *,
    inside: str = "/",
    selection: Selection | None = None,
    owner: Owner | None = None,
    mode: int | None = None,
) -> Path:
    change = CopyTree(path=path, source=_source(inside), selection=selection or Selection(), owner=owner, mode=mode)
    TREES.apply(root, change, source)
    return root


def copy_file(
    root: Path, source: Path, path: str, inside: str, *, owner: Owner | None = None, mode: int | None = None
) -> Path:
    name = inside.rpartition("/")[2]
    TREES.apply(root, CopyFile(path=path, source=_source(inside), name=name, owner=owner, mode=mode), source)
    return root


def _source(path: str) -> Source:
    return Source(snapshot=SnapshotId("source"), path=path)
