"""Reading and changing file trees: the class that implements the solver's port `Trees`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.core.tree import Owner
from engine.store import changes, compare, content_digest, export, reading, search
from engine.store.chase import find_directory
from engine.store.content_digest import Regard
from engine.store.path_errors import translated
from engine.store.walk import Walk

if TYPE_CHECKING:
    from pathlib import Path

    from engine.core.digest import Digest
    from engine.core.tree import Change, Changes, FileType, SearchQuery, SearchResult, Selection, Stat


class FileTrees:
    """Trees that lie, or are mounted, in a directory; `caller` owns what is exported, by default this process."""

    def __init__(self, caller: Owner | None = None) -> None:
        self._caller = caller or Owner(uid=os.geteuid(), gid=os.getegid())

    def __repr__(self) -> str:
        return f"FileTrees(caller={self._caller})"

    def apply(self, root: Path, change: Change, source: Path | None = None) -> None:
        """Carry out one change; `source` is the root in which the change's source path is shown."""
        changes.apply(os.fspath(root), change, None if source is None else os.fspath(source))

    def resolve(self, root: Path, path: str) -> str:
        """Follow every link of a path that exists; absolute path inside `root`. Raises PathError when missing."""
        return reading.resolve(os.fspath(root), path)

    def entries(self, root: Path, path: str) -> list[str]:
        """Names in a directory, sorted, directories with a slash."""
        return reading.entries(os.fspath(root), path)

    def glob(self, root: Path, path: str, pattern: str) -> list[str]:
        """Paths that match, relative to `path`, in the order of a walk."""
        return reading.glob(os.fspath(root), path, pattern)

    def stat(self, root: Path, path: str, *, follow: bool = True) -> Stat:
        """Facts about a path."""
        return reading.stat(os.fspath(root), path, follow=follow)

    def exists(self, root: Path, path: str, *, expected: FileType | None = None, follow: bool = True) -> bool:
        """Whether the path is there, and of that kind."""
        return reading.exists(os.fspath(root), path, expected=expected, follow=follow)

    def read(self, root: Path, path: str, *, limit: int) -> bytes:
        """Contents of a regular file; more than `limit` bytes is an error."""
        return reading.read(os.fspath(root), path, limit=limit)

    def digest(self, root: Path, path: str, selection: Selection, *, times: bool = False) -> Digest:
        """Digest of names, contents, modes, owners, link targets and extended attributes; of times only if asked."""
        place = find_directory(os.fspath(root), path)
        with translated("digest", path):
            regard = Regard(times=times)
            top = content_digest.described(place.real, os.lstat(place.real), regard)
            return content_digest.tree_digest(top, Walk(top=place.real, selection=selection), regard)

    def file_digest(self, root: Path, path: str, *, metadata: bool) -> Digest:
        """Digest of a file; without metadata that of its contents alone."""
        place = reading.find_file(os.fspath(root), path)
        with translated("digest", path):
            if not metadata:
                return content_digest.contents_digest(place.real)
            return content_digest.file_digest(place.real, os.lstat(place.real))

    def find_up(self, root: Path, name: str, start: str) -> str | None:
        """Nearest path of that name from `start` upwards, relative to `root`."""
        return reading.find_up(os.fspath(root), name, start)

    def search(self, root: Path, path: str, query: SearchQuery) -> list[SearchResult]:
        """Search file contents."""
        return search.search(os.fspath(root), path, query)

    def compare(self, old: Path, old_path: str, new: Path, new_path: str) -> Changes:
        """How the directory `new_path` differs from `old_path`."""
        return compare.compare(os.fspath(old), old_path, os.fspath(new), new_path)

    def diff(self, old: Path, old_path: str, new: Path, new_path: str, into: Path) -> None:
        """Write to the empty directory `into` what `new_path` has and `old_path` has not, or has otherwise."""
        compare.diff(os.fspath(old), old_path, os.fspath(new), new_path, os.fspath(into))

    def passwd(self, root: Path) -> tuple[str | None, str | None]:
        """Texts of /etc/passwd and /etc/group, None where missing."""
        return reading.passwd(os.fspath(root))

    def export_directory(self, root: Path, path: str, target: Path, *, wipe: bool) -> None:
        """Write the directory's contents to a path of the host."""
        export.export_directory(os.fspath(root), path, target, self._caller, wipe=wipe)

    def export_file(self, root: Path, path: str, target: Path, *, name: str, into_directory: bool) -> None:
        """Write the file to a path of the host; never leaves half a file."""
        export.export_file(os.fspath(root), path, target, self._caller, name=name, into_directory=into_directory)
