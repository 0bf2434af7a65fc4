"""Merge a directory into another one."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISBLK, S_ISCHR, S_ISDIR, S_ISLNK, S_ISSOCK
from typing import TYPE_CHECKING

from engine.store.chase import chase
from engine.store.nodes import Copier, Manner
from engine.store.removal import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.store.walk import Entry


@dataclass(frozen=True, slots=True)
class _Target:
    """A directory that is copied into."""

    real: str
    fresh: bool
    """Made by this copy: nothing is in it that this copy did not put there."""


@dataclass(slots=True, kw_only=True)
class Merge:
    """One copy of many paths into a directory that exists. What is replaced is removed first."""

    root: str
    """What links in the destination are resolved in."""
    target: str
    """The destination's real path, in `root`."""
    manner: Manner = field(default_factory=Manner)
    fresh: bool = False
    """Whether the destination is empty."""
    _targets: dict[str, _Target] = field(default_factory=dict)
    _unsettled: list[tuple[Entry, str]] = field(default_factory=list)

    def copy(self, entries: Iterable[Entry]) -> None:
        """Copy entries of a walk: each directory comes before what is in it."""
        copier = Copier(manner=self.manner)
        self._targets[""] = _Target(self.target, self.fresh)
        for entry in entries:
            parent = self._targets[entry.directory]
            if entry.is_directory:
                self._targets[entry.path] = self._directory(parent, entry)
            elif self.manner.special or not _is_special(entry.status.st_mode):
                path = f"{parent.real}/{entry.name}"
                if not parent.fresh:
                    self._make_room(path)
                copier.copy(entry.real, entry.status, path)
        # A directory's time changes with what is put in it, and its default ACL would be handed down.
        for entry, path in reversed(self._unsettled):
            copier.settle(entry.real, entry.status, path)

    def _directory(self, parent: _Target, entry: Entry) -> _Target:
        path = f"{parent.real}/{entry.name}"
        there = None if parent.fresh else self._existing(path)
        if there is None:
            os.mkdir(path, 0o700)  # noqa: PTH102 (a str already)
        self._unsettled.append((entry, there or path))
        return _Target(there or path, there is None)

    def _existing(self, path: str) -> str | None:
        """Real path of the directory that `path` is or leads to; None after making room for a new one."""
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return None
        if S_ISDIR(status.st_mode):
            return path
        if S_ISLNK(status.st_mode) and self.manner.follow:
            place = chase(self.root, path[len(self.root) :])
            if place.is_directory:
                return place.real
        Path(path).unlink()
        return None

    def _make_room(self, path: str) -> None:
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return
        # What is written beside replaces all but directories by itself, in one go.
        if not self.manner.beside or S_ISDIR(status.st_mode):
            remove_tree(Path(path))


def _is_special(mode: int) -> bool:
    return S_ISSOCK(mode) or S_ISCHR(mode) or S_ISBLK(mode)
