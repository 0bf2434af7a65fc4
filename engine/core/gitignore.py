"""Tell which paths the `.gitignore` files of a tree ignore (gitignore(5)), given their texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreRules:
    """The ignore files that hold for one directory of a tree."""

    levels: tuple[tuple[str, GitIgnoreSpec], ...] = ()
    """Nearest first; each with the directory that it lies in (`` or `a/`), from the top of the repository on."""
    lead: str = ""
    """Where the paths that are asked about start (`` or `a/`), from the top of the repository on."""

    def within(self, directory: str, texts: Iterable[str]) -> IgnoreRules:
        """Add the ignore files of a directory; a later text wins over an earlier one."""
        spec = _spec([line for text in texts for line in _lines(text)])
        if not len(spec):
            return self
        prefix = f"{self.lead}{directory}/" if directory else self.lead
        return IgnoreRules(levels=((prefix, spec), *self.levels), lead=self.lead)

    def below(self, lead: str) -> IgnoreRules:
        """Give the same rules for paths that are relative to a directory (`a/`) of the repository."""
        return IgnoreRules(levels=self.levels, lead=lead)

    def ignore(self, path: str, *, directory: bool) -> bool:
        """Whether a path is ignored; never to be asked below an ignored directory, as git never looks there."""
        asked = f"{self.lead}{path}/" if directory else self.lead + path
        for prefix, spec in self.levels:
            verdict = spec.check_file(asked[len(prefix) :]).include
            if verdict is not None:
                return verdict
        return False


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]


def _spec(lines: list[str]) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        return GitIgnoreSpec.from_lines([line for line in lines if _is_sound(line)])


def _is_sound(line: str) -> bool:
    """Whether a line has a meaning; git passes over those that have none."""
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
