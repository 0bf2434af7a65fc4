"""What can be asked of a file tree and done to it, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NewType

SnapshotId = NewType("SnapshotId", str)
"""Names an immutable file tree in the store; never used twice. The empty string is the empty tree."""

EMPTY = SnapshotId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Numeric owner of a file."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which paths of a tree are meant: include first, then exclude, then the tree's `.gitignore` files."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    gitignore: bool = False


ALL = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A path inside a snapshot: the root of a Directory, or a File."""

    snapshot: SnapshotId
    path: str = "/"
    timestamp: int | None = None
    """Time that the pipeline itself gave to all of it. Other times of files do not count in the key of a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFile:
    """Write a file; missing parents become root's, mode 0755."""

    path: str
    contents: bytes
    mode: int = 0o644
    owner: Owner | None = None
    in_place: bool = False
    """True as Directory.withNewFile: follow a link at `path`, keep mode and owner of what exists, refuse a directory.
    False as Container.withNewFile: replace what exists (a link too); inside an existing directory, see CopyFile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTree:
    """Merge what `selection` picks from the source directory into the directory `path`."""

    path: str
    source: Source
    selection: Selection = field(default_factory=Selection)
    owner: Owner | None = None
    mode: int | None = None
    """Mode of every copied file and directory (Directory.withDirectory's `permissions`)."""
    keeps_target: bool = False
    """Leave the directory at `path` itself as it was, as COPY in a Dockerfile does; a new one is the owner's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFile:
    """Copy the source file to `path`; into it under `name` when it is a directory or ends with a slash."""

    path: str
    source: Source
    name: str
    mode: int | None = None
    owner: Owner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeDirectory:
    """Make a directory and its missing parents, all with `mode`; leave an existing one as it is."""

    path: str
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSymlink:
    """Make a symbolic link; an existing path is an error."""

    path: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Remove paths (recursively, wildcards in the last component); what is missing is fine."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chown:
    """Give where a path leads, and everything below, to an owner; links below themselves, never their targets."""

    path: str
    owner: Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimestamps:
    """Set access and modification time (seconds since 1970) of `path` and everything below it."""

    path: str
    timestamp: int


Change = WriteFile | CopyTree | CopyFile | MakeDirectory | MakeSymlink | Remove | Chown | SetTimestamps


class FileType(Enum):
    """What a path is (Dagger's FileType)."""

    REGULAR = "REGULAR"
    DIRECTORY = "DIRECTORY"
    SYMLINK = "SYMLINK"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """Facts about one path."""

    name: str
    size: int
    permissions: int
    """Mode & 0o777, as Dagger gives it."""
    file_type: FileType


@dataclass(frozen=True, slots=True, kw_only=True)
class Submatch:
    """One match within the matched lines; offsets in bytes."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """One hit of a search."""

    file_path: str
    line_number: int
    absolute_offset: int
    matched_lines: str
    submatches: tuple[Submatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """Arguments of Directory.search and File.search (ripgrep's meaning)."""

    pattern: str
    literal: bool = False
    multiline: bool = False
    dotall: bool = False
    insensitive: bool = False
    skip_ignored: bool = False
    skip_hidden: bool = False
    files_only: bool = False
    limit: int | None = None
    paths: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How one tree differs from another; directories end with a slash, paths sorted."""

    added: tuple[str, ...]
    modified: tuple[str, ...]
    removed: tuple[str, ...]
