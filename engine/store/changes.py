"""Carry out changes in a container's tree, one function for each kind."""

from __future__ import annotations

import errno
import os
import posixpath
from typing import TYPE_CHECKING, assert_never

from engine.core.paths import LONGEST_NAME, absolute, asks_for_directory, cleaned, climbs_out
from engine.core.tree import (
    Change,
    Chown,
    CopyFile,
    CopyTree,
    MakeDirectory,
    MakeSymlink,
    Owner,
    Remove,
    SetTimestamps,
    WriteFile,
)
from engine.errors import PathError
from engine.store.attributes import set_times
from engine.store.chase import Place, chase, find, find_directory
from engine.store.contents import write_all
from engine.store.copy import Merge
from engine.store.landing import make_directories, new_file, room_for_directory, room_for_file
from engine.store.nodes import Copier, Manner
from engine.store.path_errors import not_a_directory, reason, translated
from engine.store.walk import Walk, everything
from engine.store.without import remove

if TYPE_CHECKING:
    from collections.abc import Callable

_PERMISSIONS = 0o777
"""What the mode of a new file or directory may say: Dagger drops setuid, setgid and sticky bits from it."""
_MODE_OF_A_COPY = 0o7777
"""What the mode given to a copy may say (dagger core/directory.go, layercopyMode)."""
_NEW_FILE = 0o644
_NEW_DIRECTORY = 0o755
_ROOT = Owner(uid=0, gid=0)
_SECOND = 1_000_000_000


def apply(root: str, change: Change, source: str | None) -> None:
    """Carry out one change in the tree at `root`; `source` is the root that the change copies from."""
    match change:
        case WriteFile():
            _write_file(root, change)
        case CopyTree() | CopyFile():
            _copy(root, change, source)
        case MakeDirectory():
            _make_directory(root, change)
        case MakeSymlink():
            _make_symlink(root, change)
        case Remove():
            remove(root, change.paths)
        case Chown():
            _chown(root, change)
        case SetTimestamps():
            _set_timestamps(root, change)
        case _:
            assert_never(change)


def _copy(root: str, change: CopyTree | CopyFile, source: str | None) -> None:
    if source is None:
        raise ValueError("a copy needs the root of its source")
    if isinstance(change, CopyTree):
        _copy_tree(root, change, source)
    else:
        _copy_file(root, change, source)


def _write_file(root: str, change: WriteFile) -> None:
    if len(os.fsencode(posixpath.basename(cleaned(change.path)))) > LONGEST_NAME:
        raise PathError(f"File name length exceeds the maximum supported {LONGEST_NAME} characters")
    with translated("open", change.path):
        place = chase(root, change.path) if change.in_place else None
        if place and place.is_directory:
            raise PathError(f"open {change.path}: {reason(errno.EISDIR)}")
        if place and place.status is not None:
            _overwrite(place.real, change)
            return
        with new_file(_room_for_new(root, change, place)) as descriptor:
            write_all(descriptor, change.contents)
            owner = change.owner or _ROOT
            os.fchown(descriptor, owner.uid, owner.gid)
            os.fchmod(descriptor, change.mode & _PERMISSIONS if change.mode else _NEW_FILE)


def _room_for_new(root: str, change: WriteFile, place: Place | None) -> str:
    if place is None:
        return room_for_file(root, change.path, posixpath.basename(absolute(change.path)))
    return f"{make_directories(place, place.absent[:-1])}/{place.absent[-1]}"


def _overwrite(real: str, change: WriteFile) -> None:
    descriptor = os.open(real, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        write_all(descriptor, change.contents)
        if change.owner:
            os.fchown(descriptor, change.owner.uid, change.owner.gid)
    finally:
        os.close(descriptor)


def _copy_tree(root: str, change: CopyTree, source: str) -> None:
    top = find_directory(source, change.source.path, action="stat")
    manner = Manner(owner=change.owner, mode=_permissions(change.mode))
    with translated("copy", change.path):
        target, fresh = room_for_directory(root, change.path)
        merge = Merge(root=root, target=target.real, manner=manner, fresh=fresh)
        merge.copy(Walk(top=top.real, selection=change.selection))
        # The root of a tree is nobody's copy.
        if change.keeps_target:
            if fresh and change.owner:
                os.chown(target.real, change.owner.uid, change.owner.gid)
        elif target.names and top.status is not None:
            Copier(manner=manner).settle(top.real, top.status, target.real)


def _copy_file(root: str, change: CopyFile, source: str) -> None:
    found = find(source, change.source.path)
    if found.is_directory or found.status is None:
        raise PathError(f'source path "{change.source.path}" is a directory')
    copier = Copier(manner=Manner(owner=change.owner, mode=_permissions(change.mode)))
    with translated("copy", change.path):
        if asks_for_directory(change.path):
            _landing_directory(root, change)
        copier.copy(found.real, found.status, room_for_file(root, change.path, change.name))


def _landing_directory(root: str, change: CopyFile) -> None:
    """Make the directory that a path with a slash at its end means; it belongs to the owner of the file."""
    place = chase(root, change.path)
    if place.status is None:
        made = make_directories(place, place.absent)
        if change.owner:
            os.chown(made, change.owner.uid, change.owner.gid)
    elif not place.is_directory:
        raise not_a_directory("copy", change.path)


def _permissions(mode: int | None) -> int | None:
    return None if mode is None else mode & _MODE_OF_A_COPY


def _make_directory(root: str, change: MakeDirectory) -> None:
    clean = cleaned(change.path)
    if climbs_out(clean) and clean != "..":
        # Dagger takes `..` itself for the directory at the top, and answers it.
        raise PathError(f"cannot create directory outside parent: {clean}")
    with translated("mkdir", change.path):
        place = chase(root, clean)
        if place.status is not None and not place.is_directory:
            raise not_a_directory("mkdir", change.path)
        make_directories(place, place.absent, change.mode & _PERMISSIONS if change.mode else _NEW_DIRECTORY)


def _make_symlink(root: str, change: MakeSymlink) -> None:
    action = f"symlink {change.target}"
    with translated(action, change.path):
        place = chase(root, change.path, follow=False)
        if place.status is not None:
            raise PathError(f"{action} {change.path}: {reason(errno.EEXIST)}")
        link = f"{make_directories(place, place.absent[:-1])}/{place.absent[-1]}"
        os.symlink(change.target, link)  # noqa: PTH211 (a str already)
        os.chown(link, 0, 0, follow_symlinks=False)


def _chown(root: str, change: Chown) -> None:
    uid, gid = change.owner.uid, change.owner.gid
    with translated("lchown", change.path):
        _for_each(root, change.path, "lchown", lambda real: os.chown(real, uid, gid, follow_symlinks=False))


def _set_timestamps(root: str, change: SetTimestamps) -> None:
    with translated("chtimes", change.path):
        _for_each(root, change.path, "chtimes", lambda real: set_times(real, change.timestamp * _SECOND))


def _for_each(root: str, path: str, action: str, act: Callable[[str], None]) -> None:
    """Do something to where a path leads and to all that is below; the top last, as acting may touch directories."""
    place = find(root, path, action=action)
    if place.is_directory:
        for entry in reversed(everything(place.real)):
            act(entry.real)
    act(place.real)
