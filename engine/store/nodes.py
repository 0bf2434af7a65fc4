"""Make one copy of whatever a path may be: file, link, pipe, device or socket."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISLNK, S_ISREG
from typing import TYPE_CHECKING

from engine.store.attributes import extended_attributes, settle
from engine.store.contents import copy_contents, create, open_for_reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.core.tree import Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What a copy has of its own, and how it is put in place."""

    owner: Owner | None = None
    mode: int | None = None
    attributes: bool = True
    """Whether extended attributes are copied."""
    special: bool = True
    """Whether devices and sockets are copied, or left out."""
    follow: bool = True
    """Whether a link to a directory in the destination is followed (inside its root), or replaced."""
    beside: bool = False
    """Whether a file is written under another name and renamed, so that nobody ever sees half of it."""


@dataclass(slots=True, kw_only=True)
class Copier:
    """Copies paths one by one; hard links among what it copied stay hard links."""

    manner: Manner
    _made: dict[tuple[int, int], str] = field(default_factory=dict)

    def copy(self, source: str, status: os.stat_result, target: str) -> None:
        """Copy what is no directory; nothing may be at `target`, unless files are written beside."""
        identity = (status.st_dev, status.st_ino)
        if status.st_nlink > 1 and identity in self._made:
            self._place(target, lambda path: os.link(self._made[identity], path, follow_symlinks=False))
            return
        if S_ISREG(status.st_mode):
            self._place(target, lambda path: self._copy_file(source, path))
        else:
            self._place(target, lambda path: self._copy_other(source, status, path))
        if status.st_nlink > 1:
            self._made[identity] = target

    def _place(self, target: str, make: Callable[[str], None]) -> None:
        if not self.manner.beside:
            make(target)
            return
        beside = path_beside(target)
        try:
            make(beside)
            os.rename(beside, target)  # noqa: PTH104 (a str already)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise

    def _copy_file(self, source: str, target: str) -> None:
        read = open_for_reading(source)
        try:
            write = create(target)
            try:
                copy_contents(read, write)
                # Taken from the open file: one of the host may have been replaced since it was listed.
                status = os.fstat(read)
                settle(write, status, owner=self.manner.owner, mode=self.manner.mode, attributes=self._attributes(read))
            finally:
                os.close(write)
        finally:
            os.close(read)

    def _copy_other(self, source: str, status: os.stat_result, target: str) -> None:
        if S_ISLNK(status.st_mode):
            os.symlink(os.readlink(source), target)  # noqa: PTH115, PTH211 (a str already)
        else:
            os.mknod(target, status.st_mode, status.st_rdev)
        self.settle(source, status, target)

    def settle(self, source: str, status: os.stat_result, target: str) -> None:
        """Give a path that is no regular file the owner, mode, attributes and times of its source."""
        settle(target, status, owner=self.manner.owner, mode=self.manner.mode, attributes=self._attributes(source))

    def _attributes(self, source: str | int) -> dict[str, bytes]:
        return extended_attributes(source) if self.manner.attributes else {}


def path_beside(target: str) -> str:
    """Give a path in the same directory that nothing is at, for a file that is not yet whole."""
    directory, _, _ = target.rpartition("/")
    return f"{directory}/.{secrets.token_hex(8)}.part"
