"""Tell which paths the `.gitignore` files of a tree ignore (gitignore(5)), given their texts.

Rule 1: a path is matched itself; that a directory above it is ignored is found out at that directory.
Rule 2: of the patterns of one file the last that matches decides, of several files the nearest one that says anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.wildmatch import WildmatchError, wildmatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """One line of an ignore file."""

    negated: bool
    directories_only: bool
    whole_path: bool
    """Whether it is matched with the path from the file's directory on, or with the last name alone."""
    matches: Callable[[str], bool]


class IgnoreFile:
    """The rules of one directory; also those of ripgrep's `--glob`, which mean the opposite."""

    __slots__ = ("_rules",)

    def __init__(self, lines: Iterable[str]) -> None:
        # The last comes first, as it decides.
        self._rules = [rule for line in lines if (rule := _rule(line))][::-1]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def verdict(self, path: str, *, directory: bool) -> bool | None:
        """True: a pattern names the path; False: a `!` pattern takes it back; None: no pattern says anything."""
        name = path.rpartition("/")[2]
        for rule in self._rules:
            if (directory or not rule.directories_only) and rule.matches(path if rule.whole_path else name):
                return not rule.negated
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreRules:
    """The ignore files that hold for one directory of a tree."""

    levels: tuple[tuple[int, IgnoreFile], ...] = ()
    """Nearest first; each with the length of the path of the directory that it lies in, its slash included."""
    lead: str = ""
    """Where the paths that are asked about start (`` or `a/`), from the top of the repository on."""

    def within(self, directory: str, texts: Iterable[str]) -> IgnoreRules:
        """Add the ignore files of a directory; a later text wins over an earlier one."""
        file = IgnoreFile(line for text in texts for line in _lines(text))
        if not file:
            return self
        length = len(self.lead) + (len(directory) + 1 if directory else 0)
        return IgnoreRules(levels=((length, file), *self.levels), lead=self.lead)

    def below(self, lead: str) -> IgnoreRules:
        """Give the same rules for paths that are relative to a directory (`a/`) of the repository."""
        return IgnoreRules(levels=self.levels, lead=lead)

    def ignore(self, path: str, *, directory: bool) -> bool:
        """Whether a path is ignored; never to be asked below an ignored directory, as git never looks there."""
        asked = self.lead + path
        for length, file in self.levels:
            verdict = file.verdict(asked[length:], directory=directory)
            if verdict is not None:
                return verdict
        return False


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]


def _rule(line: str) -> _Rule | None:
    """Read one line; None for a comment, an empty line, and what git finds no meaning in."""
    # Spaces at the end count only behind a backslash.
    pattern = re.sub(r"(?<!\\)((?:\\\\)*) +$", r"\1", line)
    if pattern.startswith("#"):
        return None
    negated = pattern.startswith("!")
    pattern = pattern.removeprefix("!") if negated else pattern
    directories_only = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    whole_path = "/" in pattern
    try:
        matches = wildmatch(pattern.removeprefix("/"))
    except WildmatchError:
        return None
    return _Rule(negated=negated, directories_only=directories_only, whole_path=whole_path, matches=matches)
