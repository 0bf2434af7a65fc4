"""Write parts of a container's tree to the host; no file is ever seen half-written."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import TYPE_CHECKING

from engine.core.tree import Owner
from engine.errors import PathError
from engine.store.chase import find_directory
from engine.store.contents import copy_contents, create, open_for_reading
from engine.store.copy import Merge
from engine.store.nodes import Manner, path_beside
from engine.store.path_errors import translated
from engine.store.private_directories import make_private_directories
from engine.store.reading import find_file
from engine.store.removal import remove_tree
from engine.store.walk import everything

if TYPE_CHECKING:
    from engine.store.chase import Place


def export_directory(root: str, path: str, target: Path, owner: Owner, *, wipe: bool) -> None:
    """Merge the directory's contents into a directory of the host; `wipe` removes what is not in it.

    All that is written belongs to `owner`. Links in the target are replaced, not followed; it may itself be one.
    """
    source = find_directory(root, path)
    with translated("export to", os.fspath(target)):
        real = Path(os.path.realpath(target))
        if wipe and real == real.parent:
            raise PathError(f"cannot export to {target}: wiping it would remove every file of the host")
        make_private_directories(real, owner)
        entries = everything(source.real)
        manner = Manner(owner=owner, follow=False, beside=True)
        Merge(root=os.fspath(real), target=os.fspath(real), manner=manner).copy(entries)
        if wipe:
            _remove_others(os.fspath(real), {entry.path for entry in entries})


def export_file(root: str, path: str, target: Path, owner: Owner, *, name: str, into_directory: bool) -> None:
    """Write the file to a path of the host, or by its name into a directory when `into_directory` allows it.

    A file that is there already keeps its mode and owner; a link is followed.
    """
    source = find_file(root, path)
    with translated("export to", os.fspath(target)):
        real = Path(os.path.realpath(target))
        if real.is_dir():
            if not into_directory:
                raise PathError(
                    f'destination "{target}" is a directory; must be a file path unless allowParentDirPath is set'
                )
            real = Path(os.path.realpath(real / name))
        make_private_directories(real.parent, owner)
        _write(source, real, owner)


def _write(source: Place, target: Path, owner: Owner) -> None:
    try:
        there = target.stat()
    except FileNotFoundError:
        there = None
    read = open_for_reading(source.real)
    try:
        status = os.fstat(read)
        if there is not None and not S_ISREG(there.st_mode):
            _pour(read, target)
        elif there is None:
            _replace(read, target, S_IMODE(status.st_mode), owner)
        else:
            _replace(read, target, S_IMODE(there.st_mode), Owner(uid=there.st_uid, gid=there.st_gid))
    finally:
        os.close(read)


def _replace(read: int, target: Path, mode: int, owner: Owner) -> None:
    beside = path_beside(os.fspath(target))
    try:
        write = create(beside)
        try:
            copy_contents(read, write)
            os.fchown(write, owner.uid, owner.gid)
            os.fchmod(write, mode)
        finally:
            os.close(write)
        Path(beside).rename(target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _pour(read: int, target: Path) -> None:
    """Write into what cannot be replaced: a pipe, a terminal."""
    write = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
    try:
        copy_contents(read, write)
    finally:
        os.close(write)


def _remove_others(top: str, kept: set[str]) -> None:
    for entry in everything(top):
        if entry.path not in kept and (not entry.directory or entry.directory in kept):
            remove_tree(Path(entry.real))
