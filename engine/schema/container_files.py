"""Fields of Container that change or read its files; paths start at its working directory."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.directory import Directory
from engine.core.file import File, checked_length
from engine.core.tree import CopyFile, CopyTree, MakeSymlink, Remove, Source, Stat, WriteFile
from engine.core.workdir import absolute, absolute_keeping_slash
from engine.schema.directory import EXPECTED, lookup, lookup_file, selection
from engine.schema.expansion import expanded
from engine.schema.fields import Fields
from engine.schema.placing import changed, mounted_name, owner, place, uncovered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.core.container import Container
    from engine.session.session import Session

fields = Fields("Container")
_owner = owner


def _path(container: Container, path: str, *, expand: bool = False) -> str:
    return absolute(expanded(container, path, expand=expand), container.config.workdir)


@fields.lazy("rootfs")
def rootfs(_session: Session, receiver: Container) -> Directory:
    return Directory(source=Source(snapshot=receiver.rootfs))


@fields.lazy("withRootfs")
async def with_rootfs(session: Session, receiver: Container, *, directory: Directory) -> Container:
    if directory.source.path == "/":
        return receiver.changed(rootfs=directory.source.snapshot)
    change = CopyTree(path="/", source=directory.source)
    snapshot = await session.trees.apply(Directory().source.snapshot, change, "Directory.withDirectory")
    return receiver.changed(rootfs=snapshot)


@fields.lazy("directory")
async def directory(session: Session, receiver: Container, *, path: str, expand: bool) -> Directory:
    where = _path(receiver, path, expand=expand)
    found = await lookup(session, place(receiver, where), where)
    return Directory(source=found.source, path=where)


@fields.eager("file")
async def file(session: Session, receiver: Container, *, path: str, expand: bool) -> File:
    where = _path(receiver, path, expand=expand)
    if any(mount.target == where for mount in receiver.secret_mounts):
        return await lookup_file(session, Source(snapshot=Directory().source.snapshot, path=where), where)
    found = await lookup_file(session, place(receiver, where), where)
    return replace(found, name=mounted_name(receiver, where) or found.name)


@fields.leaf("exists")
async def exists(
    session: Session,
    receiver: Container,
    *,
    path: str,
    expected_type: str | None = None,
    do_not_follow_symlinks: bool,
    expand: bool,
) -> bool:
    if not path:
        return False
    where, expected = place(receiver, _path(receiver, path, expand=expand)), EXPECTED[expected_type]
    return await session.trees.read(
        where.snapshot,
        lambda trees, root: trees.exists(root, where.path, expected=expected, follow=not do_not_follow_symlinks),
    )


@fields.leaf("stat")
async def stat(session: Session, receiver: Container, *, path: str, do_not_follow_symlinks: bool) -> Stat:
    where = place(receiver, _path(receiver, path))
    return await session.trees.read(
        where.snapshot, lambda trees, root: trees.stat(root, where.path, follow=not do_not_follow_symlinks)
    )


@fields.lazy("withDirectory")
async def with_directory(
    session: Session,
    receiver: Container,
    *,
    path: str,
    source: Directory,
    exclude: list[str],
    include: list[str],
    gitignore: bool,
    owner: str,
    expand: bool,
    permissions: int | None = None,
) -> Container:
    del permissions  # Dagger 0.21 takes and ignores it
    where = _path(receiver, path, expand=expand)
    receiver = uncovered(receiver, where, by=Directory)
    change = CopyTree(
        path=place(receiver, where).path,
        source=source.source,
        selection=selection(include, exclude, gitignore=gitignore),
        owner=await _owner(session, receiver, owner),
    )
    return await changed(session, receiver, where, change, "Directory.withDirectory")


@fields.lazy("withFile")
async def with_file(
    session: Session,
    receiver: Container,
    *,
    path: str,
    source: File,
    permissions: int | None = None,
    owner: str,
    expand: bool,
) -> Container:
    path = expanded(receiver, path, expand=expand)
    return await _with_file(session, receiver, path, source, permissions, owner)


async def _with_file(
    session: Session, container: Container, path: str, source: File, mode: int | None, owner: str
) -> Container:
    where = _path(container, path)
    slash = "/" if absolute_keeping_slash(path, container.config.workdir).endswith("/") and where != "/" else ""
    if not slash:
        container = uncovered(container, where, by=File)
    change = CopyFile(
        path=place(container, where).path + slash,
        source=source.source,
        name=source.name,
        mode=mode,
        owner=await _owner(session, container, owner),
    )
    return await changed(session, container, where, change, f"withfile {where} {source.name}")


@fields.lazy("withFiles")
async def with_files(
    session: Session,
    receiver: Container,
    *,
    path: str,
    sources: list[File],
    permissions: int | None = None,
    owner: str,
    expand: bool,
) -> Container:
    path = expanded(receiver, path, expand=expand)
    for source in sources:
        receiver = await _with_file(session, receiver, posixpath.join(path, source.name), source, permissions, owner)
    return receiver


@fields.lazy("withNewFile")
async def with_new_file(
    session: Session, receiver: Container, *, path: str, contents: str, permissions: int, owner: str, expand: bool
) -> Container:
    where = _path(receiver, path, expand=expand)
    checked_length(posixpath.basename(where))
    receiver = uncovered(receiver, where, by=File)
    change = WriteFile(
        path=place(receiver, where).path,
        contents=contents.encode("utf-8", "surrogateescape"),
        mode=(permissions & 0o777) or 0o644,
        owner=await _owner(session, receiver, owner),
    )
    return await changed(session, receiver, where, change, f"withfile {where} {posixpath.basename(where)}")


@fields.lazy("withSymlink")
async def with_symlink(
    session: Session, receiver: Container, *, target: str, link_name: str, expand: bool
) -> Container:
    where = _path(receiver, link_name, expand=expand)
    target = expanded(receiver, target, expand=expand)
    bare = uncovered(receiver, where, by=File)
    change = MakeSymlink(path=place(bare, where).path, target=target)
    return await changed(session, bare, where, change, f"symlink {where} -> {target}")


@fields.lazy("withoutDirectory")
async def without_directory(session: Session, receiver: Container, *, path: str, expand: bool) -> Container:
    return await _without(session, receiver, [path], expand=expand)


@fields.lazy("withoutFile")
async def without_file(session: Session, receiver: Container, *, path: str, expand: bool) -> Container:
    return await _without(session, receiver, [path], expand=expand)


@fields.lazy("withoutFiles")
async def without_files(session: Session, receiver: Container, *, paths: list[str], expand: bool) -> Container:
    return await _without(session, receiver, paths, expand=expand)


async def _without(session: Session, container: Container, paths: Sequence[str], *, expand: bool) -> Container:
    for path in paths:
        where = _path(container, path, expand=expand)
        change = Remove(paths=(place(container, where).path,))
        container = await changed(session, container, where, change, f"without {where}")
    return container
