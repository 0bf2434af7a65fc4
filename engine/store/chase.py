"""Find out where a container's path leads, inside its root and never outside.

Rule 1: every step is looked at with lstat and readlink; the kernel never follows a link for us.
Rule 2: an absolute link starts again at the root, `..` stops there.
Rule 3: what is found holds as long as nobody else changes the tree.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from stat import S_ISDIR, S_ISLNK
from typing import TYPE_CHECKING

from engine.core.paths import components
from engine.errors import PathError
from engine.store.path_errors import missing, not_a_directory, reason, translated

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_LINKS = 40
"""As the kernel's own limit (path_resolution(7))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a path leads."""

    root: str
    names: tuple[str, ...]
    """What is there, from the root on; no links, but for the last one when it was not to be followed."""
    absent: tuple[str, ...] = ()
    """What is not there, below `names`."""
    status: os.stat_result | None = None
    """lstat of `real`; None when something is absent."""

    @property
    def inside(self) -> str:
        """The path in the container."""
        return "/" + "/".join((*self.names, *self.absent))

    @property
    def real(self) -> str:
        """The path on the host."""
        return _joined(self.root, (*self.names, *self.absent))

    @property
    def is_directory(self) -> bool:
        """Whether a directory is there."""
        return self.status is not None and S_ISDIR(self.status.st_mode)


def chase(root: str, path: str, *, follow: bool = True) -> Place:
    """Follow a path as far as it goes; `follow` says whether to follow a link at its very end.

    Raises PathError where the path leads through a file, or around in circles.
    """
    with translated("stat", path):
        return _Chase(root, path).run(follow=follow)


def find(root: str, path: str, *, follow: bool = True, action: str = "stat") -> Place:
    """Follow a path that must be there; raises PathError when it is missing."""
    place = chase(root, path, follow=follow)
    if place.status is None:
        raise missing(action, path)
    return place


def find_directory(root: str, path: str, *, action: str = "open") -> Place:
    """Follow a path that must be a directory."""
    place = find(root, path, action=action)
    if not place.is_directory:
        raise not_a_directory(action, path)
    return place


class _Chase:
    """One walk along a path."""

    def __init__(self, root: str, path: str) -> None:
        self._root = root
        self._path = path
        self._names: list[str] = []
        self._ahead = components(path)[::-1]
        self._links = 0

    def run(self, *, follow: bool) -> Place:
        status = os.lstat(self._root)
        while self._ahead:
            name = self._ahead.pop()
            if name == "..":
                del self._names[-1:]
                status = os.lstat(_joined(self._root, self._names))
                continue
            self._names.append(name)
            try:
                status = os.lstat(_joined(self._root, self._names))
            except FileNotFoundError:
                return self._absent()
            if S_ISLNK(status.st_mode) and (self._ahead or follow):
                status = self._turn()
            elif self._ahead and not S_ISDIR(status.st_mode):
                raise not_a_directory("stat", self._path)
        return Place(root=self._root, names=tuple(self._names), status=status)

    def _turn(self) -> os.stat_result:
        """Go on where the link just met leads; gives the status of the directory where that starts."""
        self._links += 1
        if self._links > _MOST_LINKS:
            raise PathError(f"stat {self._path}: {reason(errno.ELOOP)}")
        target = os.readlink(_joined(self._root, self._names))  # noqa: PTH115 (a str already)
        if target.startswith("/"):
            self._names.clear()
        else:
            self._names.pop()
        self._ahead += [name for name in reversed(target.split("/")) if name not in {"", "."}]
        return os.lstat(_joined(self._root, self._names))

    def _absent(self) -> Place:
        absent = (self._names.pop(), *reversed(self._ahead))
        if ".." in absent:
            # Only a link can ask for this; the kernel does not step back out of what is missing either.
            raise missing("stat", self._path)
        return Place(root=self._root, names=tuple(self._names), absent=absent)


def _joined(root: str, names: Sequence[str]) -> str:
    return f"{root.rstrip('/')}/{'/'.join(names)}" if names else root
