"""Decide which paths of a tree a selection takes, and which directories need not be looked into."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.core.patterns import Patterns, Seen

if TYPE_CHECKING:
    from engine.core.tree import Selection


class Standing(NamedTuple):
    """What include and exclude patterns say about a path; to be handed to the paths below it."""

    taken: bool
    included: Seen
    excluded: Seen


class Filter:
    """Include patterns, then exclude patterns; the ignore files of a tree are another matter."""

    __slots__ = ("_exclude", "_include", "_start")

    def __init__(self, selection: Selection) -> None:
        self._include = Patterns(selection.include)
        self._exclude = Patterns(selection.exclude)
        self._start = Standing(taken=True, included=self._include.start, excluded=self._exclude.start)

    def __bool__(self) -> bool:
        return bool(self._include) or bool(self._exclude)

    @property
    def start(self) -> Standing:
        """Where the top stands; it is always taken."""
        return self._start

    def judge(self, path: str, parent: Standing) -> Standing:
        """Decide about a path, given where its directory stands."""
        included = self._include.see(path, parent.included)
        excluded = self._exclude.see(path, parent.excluded)
        taken = (included.matched or not self._include) and not excluded.matched
        return Standing(taken=taken, included=included, excluded=excluded)

    def may_take_below(self, directory: str, standing: Standing) -> bool:
        """Whether anything below a directory might be taken; never a wrong no."""
        if standing.excluded.matched and not self._exclude.may_take_back_below(directory):
            return False
        return not self._include or standing.included.matched or self._include.may_match_below(directory)
