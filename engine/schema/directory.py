"""Fields of Directory: what it is made of, and what can be read from it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.changeset import Changeset
from engine.core.directory import Directory
from engine.core.file import File, checked_length
from engine.core.tree import (
    Chown,
    CopyFile,
    CopyTree,
    FileType,
    MakeDirectory,
    MakeSymlink,
    Remove,
    SearchQuery,
    Selection,
    SetTimestamps,
    Source,
    Stat,
    WriteFile,
)
from engine.core.workdir import absolute
from engine.errors import EngineError, InvalidRequest, PathError
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.core.tree import Change, Changes, Owner, SearchResult
    from engine.session.session import Session
    from engine.solver.ports import Trees

fields = Fields("Directory")
_WILDCARD = re.compile(r"[*?[]")

EXPECTED = {
    None: None,
    "REGULAR_TYPE": FileType.REGULAR,
    "DIRECTORY_TYPE": FileType.DIRECTORY,
    "SYMLINK_TYPE": FileType.SYMLINK,
}


def inside(directory: Directory, path: str) -> str:
    """Path in the snapshot of a path given to a directory; climbs to the snapshot's root at most, as in Dagger."""
    return absolute(path.lstrip("/"), directory.source.path)


def _target(directory: Directory, path: str) -> str:
    return inside(directory, path) + ("/" if path.endswith(("/", "/.")) and path.strip("/.") else "")


async def changed(session: Session, directory: Directory, change: Change, describe: str) -> Directory:
    """Give the directory after a change in its snapshot."""
    snapshot = await session.trees.apply(directory.source.snapshot, change, describe)
    return replace(directory, source=replace(directory.source, snapshot=snapshot, timestamp=None))


async def lookup(session: Session, source: Source, path: str) -> Directory:
    """Give the directory at a path of a snapshot; raises PathError when it is missing or a file."""
    resolved = await session.trees.read(
        source.snapshot, lambda trees, root: _directory_at(trees, root, source.path, path)
    )
    return Directory(source=replace(source, path=resolved), path=path)


async def lookup_file(session: Session, source: Source, path: str) -> File:
    """Give the file at a path of a snapshot; raises PathError when it is missing or a directory."""
    resolved = await session.trees.read(source.snapshot, lambda trees, root: _file_at(trees, root, source.path, path))
    return File(source=replace(source, path=resolved), name=posixpath.basename(path))


def _directory_at(trees: Trees, root: Path, where: str, shown: str) -> str:
    if trees.stat(root, where).file_type is not FileType.DIRECTORY:
        raise InvalidRequest(f"path {shown} is a file, not a directory")
    return trees.resolve(root, where)


def _file_at(trees: Trees, root: Path, where: str, shown: str) -> str:
    if trees.stat(root, where).file_type is FileType.DIRECTORY:
        raise InvalidRequest(f"path {shown} is a directory, not a file")
    return trees.resolve(root, where)


async def owner(session: Session, directory: Directory, text: str) -> Owner | None:
    """Resolve an owner by the directory's own users and groups."""
    if not text:
        return None
    return (await session.trees.accounts(directory.source.snapshot)).owner(text)


def selection(include: Sequence[str], exclude: Sequence[str], *, gitignore: bool) -> Selection:
    """Make a selection of arguments."""
    return Selection(include=tuple(include), exclude=tuple(exclude), gitignore=gitignore)


@fields.lazy("directory")
async def directory(session: Session, receiver: Directory, *, path: str) -> Directory:
    where = replace(receiver.source, path=inside(receiver, path))
    return await lookup(session, where, absolute(path))


@fields.eager("file")
async def file(session: Session, receiver: Directory, *, path: str) -> File:
    where = replace(receiver.source, path=inside(receiver, path))
    return await lookup_file(session, where, absolute(path))


@fields.lazy("withDirectory")
async def with_directory(
    session: Session,
    receiver: Directory,
    *,
    path: str,
    source: Directory,
    exclude: list[str],
    include: list[str],
    gitignore: bool,
    owner: str,
    permissions: int | None = None,
) -> Directory:
    change = CopyTree(
        path=inside(receiver, path),
        source=source.source,
        selection=selection(include, exclude, gitignore=gitignore),
        owner=await _owner(session, receiver, owner),
        mode=permissions,
    )
    return await changed(session, receiver, change, "Directory.withDirectory")


_owner = owner


@fields.lazy("withFile")
async def with_file(
    session: Session, receiver: Directory, *, path: str, source: File, permissions: int | None = None, owner: str
) -> Directory:
    change = CopyFile(
        path=_target(receiver, path),
        source=source.source,
        name=source.name,
        mode=permissions,
        owner=await _owner(session, receiver, owner),
    )
    return await changed(session, receiver, change, f"withfile {path} {source.name}")


@fields.lazy("withFiles")
async def with_files(
    session: Session, receiver: Directory, *, path: str, sources: list[File], permissions: int | None = None
) -> Directory:
    for source in sources:
        where = inside(receiver, posixpath.join(path, source.name))
        change = CopyFile(path=where, source=source.source, name=source.name, mode=permissions)
        receiver = await changed(session, receiver, change, f"withfile {where} {source.name}")
    return receiver


@fields.lazy("withNewFile")
async def with_new_file(
    session: Session, receiver: Directory, *, path: str, contents: str, permissions: int
) -> Directory:
    checked_length(posixpath.basename(path))
    data = contents.encode("utf-8", "surrogateescape")
    change = WriteFile(path=inside(receiver, path), contents=data, mode=(permissions & 0o777) or 0o644, in_place=True)
    return await changed(session, receiver, change, f"withNewFile {path} ({len(data)} B)")


@fields.lazy("withNewDirectory")
async def with_new_directory(session: Session, receiver: Directory, *, path: str, permissions: int) -> Directory:
    # Only a relative path can be seen to leave the directory: an absolute one stops at the root (as in Dagger).
    clean = posixpath.normpath(path)
    if clean.startswith("../"):
        raise InvalidRequest(f"cannot create directory outside parent: {clean}")
    change = MakeDirectory(path=inside(receiver, path), mode=(permissions & 0o777) or 0o755)
    return await changed(session, receiver, change, f"withNewDirectory {path}")


@fields.lazy("withSymlink")
async def with_symlink(session: Session, receiver: Directory, *, target: str, link_name: str) -> Directory:
    change = MakeSymlink(path=inside(receiver, link_name), target=target)
    return await changed(session, receiver, change, f"symlink {link_name} -> {target}")


@fields.lazy("withTimestamps")
async def with_timestamps(session: Session, receiver: Directory, *, timestamp: int) -> Directory:
    change = SetTimestamps(path=receiver.source.path, timestamp=timestamp)
    made = await changed(session, receiver, change, f"withTimestamps {timestamp}")
    return replace(made, source=replace(made.source, timestamp=timestamp))


@fields.lazy("withoutDirectory")
async def without_directory(session: Session, receiver: Directory, *, path: str) -> Directory:
    return await _without(session, receiver, [path])


@fields.lazy("withoutFile")
async def without_file(session: Session, receiver: Directory, *, path: str) -> Directory:
    return await _without(session, receiver, [path])


@fields.lazy("withoutFiles")
async def without_files(session: Session, receiver: Directory, *, paths: list[str]) -> Directory:
    return await _without(session, receiver, paths)


async def _without(session: Session, receiver: Directory, paths: Sequence[str]) -> Directory:
    change = Remove(paths=tuple(inside(receiver, path) for path in paths))
    return await changed(session, receiver, change, "without " + ",".join(paths))


@fields.lazy("withError")
def with_error(_session: Session, receiver: Directory, *, err: str) -> Directory:
    if err:
        raise EngineError(err)
    return receiver


@fields.lazy("chown")
async def chown(session: Session, receiver: Directory, *, path: str, owner: str) -> Directory:
    whose = await _owner(session, receiver, owner)
    if whose is None:
        raise InvalidRequest("failed to parse ownership: no owner given")
    change = Chown(path=inside(receiver, path), owner=whose)
    return await changed(session, receiver, change, f"chown {path} {owner}")


@fields.lazy("diff")
async def diff(session: Session, receiver: Directory, *, other: Directory) -> Directory:
    snapshot = await session.trees.diff(receiver.source, other.source)
    return Directory(source=Source(snapshot=snapshot))


@fields.lazy("filter")
async def filter_(
    session: Session, receiver: Directory, *, exclude: list[str], include: list[str], gitignore: bool
) -> Directory:
    change = CopyTree(path="/", source=receiver.source, selection=selection(include, exclude, gitignore=gitignore))
    return await changed(session, Directory(), change, "Directory.filter")


@fields.lazy("changes")
def changes(_session: Session, receiver: Directory, *, from_: Directory) -> Changeset:
    return Changeset(before=from_, after=receiver)


@fields.lazy("withChanges")
async def with_changes(session: Session, receiver: Directory, *, changes: Changeset) -> Directory:
    before, after = changes.before.source, changes.after.source
    differences = await compare(session, changes)
    removed = Remove(paths=tuple(inside(receiver, _literal(path)) for path in differences.removed))
    if differences.removed:
        receiver = await changed(session, receiver, removed, "withChanges")
    layer = Source(snapshot=await session.trees.diff(before, after))
    return await changed(session, receiver, CopyTree(path=receiver.source.path, source=layer), "withChanges")


def _literal(path: str) -> str:
    """Write a path so that it alone is removed: with a star, names are patterns from the first with a wildcard on."""
    names = path.rstrip("/").split("/")
    if "*" not in path:
        return path.rstrip("/")
    first = next((index for index, name in enumerate(names) if _WILDCARD.search(name)), len(names))
    patterns = (_WILDCARD.sub(r"[\g<0>]", name.replace("\\", "\\\\")) for name in names[first:])
    return "/".join([*names[:first], *patterns])


async def compare(session: Session, changes: Changeset) -> Changes:
    """Tell how the two directories of a changeset differ."""
    return await session.trees.compare(changes.before.source, changes.after.source)


@fields.leaf("entries")
async def entries(session: Session, receiver: Directory, *, path: str | None = None) -> list[str]:
    where = inside(receiver, path or ".")
    return await session.trees.read(receiver.source.snapshot, lambda trees, root: trees.entries(root, where))


@fields.leaf("glob")
async def glob(session: Session, receiver: Directory, *, pattern: str) -> list[str]:
    where = receiver.source.path
    return await session.trees.read(receiver.source.snapshot, lambda trees, root: trees.glob(root, where, pattern))


@fields.leaf("exists")
async def exists(
    session: Session,
    receiver: Directory,
    *,
    path: str,
    expected_type: str | None = None,
    do_not_follow_symlinks: bool,
) -> bool:
    if not path:
        return False
    where, expected = inside(receiver, path), EXPECTED[expected_type]
    return await session.trees.read(
        receiver.source.snapshot,
        lambda trees, root: trees.exists(root, where, expected=expected, follow=not do_not_follow_symlinks),
    )


@fields.leaf("stat")
async def stat(session: Session, receiver: Directory, *, path: str, do_not_follow_symlinks: bool) -> Stat:
    if not path:
        raise PathError("stat : no such file or directory")
    where = inside(receiver, path)
    return await session.trees.read(
        receiver.source.snapshot, lambda trees, root: trees.stat(root, where, follow=not do_not_follow_symlinks)
    )


@fields.leaf("findUp")
async def find_up(session: Session, receiver: Directory, *, name: str, start: str) -> str | None:
    where = receiver.source.path
    return await session.trees.read(
        receiver.source.snapshot, lambda trees, root: trees.find_up(root / where.lstrip("/"), name, start)
    )


@fields.leaf("search")
async def search(session: Session, receiver: Directory, **query: object) -> list[SearchResult]:
    where, asked = receiver.source.path, search_query(query)
    return await session.trees.read(receiver.source.snapshot, lambda trees, root: trees.search(root, where, asked))


def search_query(arguments: dict[str, object]) -> SearchQuery:
    """Make a query of arguments; lists become tuples."""
    return SearchQuery(**{k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()})  # type: ignore[arg-type]


@fields.leaf("digest")
async def digest(session: Session, receiver: Directory) -> str:
    return await session.trees.content_digest(receiver.source)


@fields.leaf("name")
def name(_session: Session, receiver: Directory) -> str:
    return receiver.name


@fields.leaf("export")
async def export(session: Session, receiver: Directory, *, path: str, wipe: bool) -> str:
    target, where = session.workdir / path, receiver.source.path
    await session.trees.read(
        receiver.source.snapshot, lambda trees, root: trees.export_directory(root, where, target, wipe=wipe)
    )
    return str(target)


fields.not_supported("asModule", "there are no Dagger modules here")
fields.not_supported("asModuleSource", "there are no Dagger modules here")
fields.not_supported("terminal", "it has no interactive terminal")
fields.not_supported("withPatch", "it does not apply patches")
fields.not_supported("withPatchFile", "it does not apply patches")
