"""Make room for what is about to be written: missing parents come to be, what is in the way goes."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import PathError
from engine.store.chase import Place, chase
from engine.store.contents import create
from engine.store.path_errors import reason
from engine.store.removal import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PARENT = 0o755


def make_directories(place: Place, names: Sequence[str], mode: int = _PARENT) -> str:
    """Make directories one in another, all root's and all with `mode`, from a directory on; real path of the last."""
    real = _directory_above(place)
    for name in names:
        real = f"{real}/{name}"
        os.mkdir(real, 0o700)  # noqa: PTH102 (a str already)
        # Not left to mkdir(2): a default ACL or a setgid bit above would have its say.
        os.chown(real, 0, 0)
        os.chmod(real, mode)  # noqa: PTH101
    return real


def room_for_file(root: str, path: str, name: str) -> str:
    """Give the real path where a file that is written to `path` goes, with nothing there any more.

    In a directory (or a link to one) it goes by `name`. A path with a slash at its end means a directory; see
    `make_landing_directory`. A link is replaced, not followed.
    """
    place = chase(root, path)
    if place.is_directory:
        place = chase(root, f"{place.inside}/{name}", follow=False)
    else:
        place = chase(root, path, follow=False)
    if not place.names and not place.absent:
        raise PathError(f"open {path}: {reason(errno.EISDIR)}")
    if place.absent:
        return f"{make_directories(place, place.absent[:-1])}/{place.absent[-1]}"
    remove_tree(Path(place.real))
    return place.real


def room_for_directory(root: str, path: str) -> tuple[Place, bool]:
    """Give the directory that `path` is or leads to, and whether it is a new one; anything else there is replaced."""
    place = chase(root, path)
    if place.is_directory:
        return place, False
    place = chase(root, path, follow=False)
    if not place.absent:
        remove_tree(Path(place.real))
        place = Place(root=root, names=place.names[:-1], absent=place.names[-1:])
    make_directories(place, place.absent)
    return chase(root, place.inside), True


@contextmanager
def new_file(real: str) -> Iterator[int]:
    """Open a new file for writing."""
    descriptor = create(real)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _directory_above(place: Place) -> str:
    """Real path of what exists of a place."""
    return Place(root=place.root, names=place.names).real
