"""Answer questions about a container's tree without changing it."""

from __future__ import annotations

import os
import posixpath
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import TYPE_CHECKING

from engine.core.paths import absolute
from engine.core.patterns import path_matcher
from engine.core.tree import FileType, Stat
from engine.errors import PathError
from engine.store.chase import chase, find, find_directory
from engine.store.contents import open_for_reading
from engine.store.path_errors import translated
from engine.store.walk import everything

if TYPE_CHECKING:
    from engine.store.chase import Place

_PIECE = 1 << 20


def resolve(root: str, path: str) -> str:
    """Follow every link of a path that exists; raises PathError when it is missing."""
    return find(root, path).inside


def entries(root: str, path: str) -> list[str]:
    """Names in a directory, sorted, directories with a slash."""
    place = find_directory(root, path)
    with translated("open", path), os.scandir(place.real) as found:
        kinds = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
    return [f"{name}/" if is_directory else name for name, is_directory in kinds]


def glob(root: str, path: str, pattern: str) -> list[str]:
    """Paths that match, in the order of a walk, directories with a slash."""
    matches = path_matcher(pattern)
    place = find_directory(root, path)
    with translated("open", path):
        found = everything(place.real)
    return [f"{entry.path}/" if entry.is_directory else entry.path for entry in found if matches(entry.path)]


def stat(root: str, path: str, *, follow: bool) -> Stat:
    """Facts about a path, by its own name or by that of what it links to."""
    place = find(root, path, follow=follow, action="stat" if follow else "lstat")
    status = _status(place)
    return Stat(
        name=posixpath.basename(place.inside) or "/",
        size=status.st_size,
        permissions=status.st_mode & 0o777,
        file_type=file_type(status.st_mode),
    )


def exists(root: str, path: str, *, expected: FileType | None, follow: bool) -> bool:
    """Whether the path is there, and of that kind; to ask for a link means not to follow it."""
    if not path:
        return False
    place = chase(root, path, follow=follow and expected is not FileType.SYMLINK)
    if place.status is None:
        return False
    return expected is None or file_type(place.status.st_mode) is expected


def read(root: str, path: str, *, limit: int) -> bytes:
    """Contents of a regular file; more than `limit` bytes is an error."""
    place = find_file(root, path, action="open")
    size = _status(place).st_size
    if size > limit:
        raise PathError(f"file size {size} exceeds limit {limit}")
    with translated("read", path):
        return read_bytes(place.real)


def find_file(root: str, path: str, *, action: str = "stat") -> Place:
    """Find what must be a regular file, links followed."""
    place = find(root, path, action=action)
    mode = _status(place).st_mode
    if S_ISDIR(mode):
        raise PathError(f"path {path} is a directory, not a file")
    if not S_ISREG(mode):
        raise PathError(f"path {path} is not a regular file")
    return place


def read_bytes(real: str) -> bytes:
    """Contents of a file."""
    descriptor = open_for_reading(real)
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 (from a descriptor)
        return file.readall()


def find_up(root: str, name: str, start: str) -> str | None:
    """Nearest path of that name from the directory `start` upwards, relative to `root`."""
    directory = find_directory(root, start, action="stat").inside
    while True:
        candidate = absolute(f"{directory}/{name}")
        if _is_there(root, candidate):
            return candidate[1:]
        if directory == "/":
            return None
        directory = posixpath.dirname(directory)


def _is_there(root: str, path: str) -> bool:
    """Whether something is there; a name of several parts may lead through a file, and then nothing is."""
    try:
        return chase(root, path, follow=False).status is not None
    except PathError:
        return False


def passwd(root: str) -> tuple[str | None, str | None]:
    """Texts of /etc/passwd and /etc/group, None where missing."""
    return _text(root, "/etc/passwd"), _text(root, "/etc/group")


def _text(root: str, path: str) -> str | None:
    try:
        place = find_file(root, path)
    except PathError:
        return None
    with translated("open", path):
        return read_bytes(place.real).decode("utf-8", "surrogateescape")


def file_type(mode: int) -> FileType:
    """Dagger's name for the kind of a file."""
    if S_ISREG(mode):
        return FileType.REGULAR
    if S_ISDIR(mode):
        return FileType.DIRECTORY
    return FileType.SYMLINK if S_ISLNK(mode) else FileType.UNKNOWN


def _status(place: Place) -> os.stat_result:
    if place.status is None:
        raise PathError(f"stat {place.inside}: no such file or directory")
    return place.status
