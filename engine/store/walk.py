"""Walk through what a selection takes from a directory, in one fixed order."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from engine.core.filters import Filter, Standing
from engine.core.gitignore import IgnoreRules
from engine.core.tree import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.core.tree import Selection


@dataclass(slots=True, kw_only=True)
class Entry:
    """One path of the walk. Not frozen: there are tens of thousands, and frozen ones take twice the time to make."""

    path: str
    """Relative to the top: `a/b`."""
    name: str
    real: str
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory, and no link to one."""
        return S_ISDIR(self.status.st_mode)

    @property
    def directory(self) -> str:
        """Path of the directory that it is in; empty for the top."""
        return self.path[: -len(self.name) - 1]


@dataclass(slots=True, kw_only=True)
class _Level:
    """A directory that is being walked through."""

    ahead: Iterator[Entry]
    standing: Standing
    rules: IgnoreRules
    untold: Entry | None
    """The directory itself, as long as nothing in it was taken and it is not taken for its own sake."""


@dataclass(slots=True, kw_only=True)
class Walk:
    """A walk through one directory; names sorted, a directory before what is in it.

    A directory that is not taken itself comes just before the first path in it that is.
    """

    top: str
    selection: Selection
    rules: IgnoreRules = field(default_factory=IgnoreRules)
    """Ignore files from above the top."""
    ignore_files: tuple[str, ...] | None = None
    """Names of the files with ignore rules; None: `.gitignore` when the selection asks for it."""

    def __iter__(self) -> Iterator[Entry]:
        filter_ = Filter(self.selection)
        levels = [
            _Level(
                ahead=_listed(self.top, ""),
                standing=filter_.start,
                rules=self._rules("", self.top, self.rules),
                untold=None,
            )
        ]
        while levels:
            level = levels[-1]
            entry = next(level.ahead, None)
            if entry is None:
                levels.pop()
                continue
            directory = entry.is_directory
            if level.rules.levels and level.rules.ignore(entry.path, directory=directory):
                continue
            standing = filter_.judge(entry.path, level.standing) if filter_ else level.standing
            if standing.taken:
                yield from _untold(levels)
                yield entry
            if directory and filter_.may_take_below(entry.path, standing):
                levels.append(
                    _Level(
                        ahead=_listed(entry.real, f"{entry.path}/"),
                        standing=standing,
                        rules=self._rules(entry.path, entry.real, level.rules),
                        untold=None if standing.taken else entry,
                    )
                )

    def _rules(self, path: str, real: str, above: IgnoreRules) -> IgnoreRules:
        names = self.ignore_files
        if names is None:
            names = (".gitignore",) if self.selection.gitignore else ()
        texts = [text for name in names if (text := read_text(f"{real}/{name}")) is not None]
        return above.within(path, texts) if texts else above


def read_text(real: str) -> str | None:
    """Give the text of a regular file; None when there is none. A link is not followed."""
    try:
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with open(descriptor, "rb") as file:  # noqa: PTH123 (from a descriptor)
        if not S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return file.read().decode("utf-8", "surrogateescape")


def _untold(levels: list[_Level]) -> Iterator[Entry]:
    for level in levels:
        if level.untold is not None:
            yield level.untold
            level.untold = None


def _listed(real: str, prefix: str) -> Iterator[Entry]:
    with os.scandir(real) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        # A file of the host may go away between the listing and the look at it.
        with suppress(FileNotFoundError):
            status = entry.stat(follow_symlinks=False)
            yield Entry(path=prefix + entry.name, name=entry.name, real=entry.path, status=status)


def everything(top: str) -> list[Entry]:
    """List all that is below a directory, each directory before what is in it."""
    return list(Walk(top=top, selection=ALL))
