"""Which tree a path of a container is in: its root file system, or one that is mounted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.file import File
from engine.core.mounts import CacheMount, TempMount, TreeMount, deepest
from engine.core.tree import Source
from engine.core.workdir import absolute, relative
from engine.errors import PathError

if TYPE_CHECKING:
    from engine.core.container import Container
    from engine.core.directory import Directory
    from engine.core.tree import Change, Owner
    from engine.session.session import Session


def place(container: Container, path: str) -> Source:
    """Give the tree and the path in it; raises PathError in what only a command has."""
    mount = _mount(container, path)
    if mount is None:
        return Source(snapshot=container.rootfs, path=path)
    return Source(snapshot=mount.source.snapshot, path=_within(mount, path))


def mounted_name(container: Container, path: str) -> str:
    """Name that the file mounted at a path had before, empty when there is none."""
    mount = deepest(container.mounts, path)
    return mount.name if isinstance(mount, TreeMount) and mount.is_file and mount.target == path else ""


def uncovered(container: Container, path: str, *, by: type[File | Directory]) -> Container:
    """Take away the mount exactly at a path, which something new takes the place of (dagger core/container.go).

    A file takes the place of a mounted directory too; a directory is merged into one.
    """
    mount = deepest(container.mounts, path)
    if isinstance(mount, TreeMount) and mount.target == path and (mount.is_file or by is File):
        return container.changed(mounts=tuple(other for other in container.mounts if other != mount))
    return container


def _mount(container: Container, path: str) -> TreeMount | None:
    mount = deepest(container.mounts, path)
    if isinstance(mount, CacheMount):
        raise PathError(f"{path}: cannot retrieve path from cache")
    if isinstance(mount, TempMount):
        raise PathError(f"{path}: cannot retrieve path from tmpfs")
    return mount


def _within(mount: TreeMount, path: str) -> str:
    rest = relative(path, mount.target)
    return absolute(rest.lstrip("/"), mount.source.path)


async def changed(session: Session, container: Container, path: str, change: Change, describe: str) -> Container:
    """Carry out a change whose `path` is that of `place(container, path)`, in the root file system or the mount."""
    mount = _mount(container, path)
    if mount is None:
        return container.changed(rootfs=await session.trees.apply(container.rootfs, change, describe))
    snapshot = await session.trees.apply(mount.source.snapshot, change, describe)
    return container.with_mount_source(mount, Source(snapshot=snapshot, path=mount.source.path))


async def owner(session: Session, container: Container, text: str) -> Owner | None:
    """Resolve an owner by the users and groups of the container; None for the empty text."""
    if not text:
        return None
    return (await session.trees.accounts(container.rootfs)).owner(text)
