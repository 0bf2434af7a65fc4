"""Remove paths of a container's tree, with wildcards in their names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.core.paths import components
from engine.core.patterns import has_wildcard, name_matcher
from engine.errors import PathError
from engine.store.chase import Place, chase
from engine.store.path_errors import translated
from engine.store.removal import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def remove(root: str, paths: Iterable[str]) -> None:
    """Remove paths with all that is below them; what is missing is fine, and a link is removed, never its target."""
    for path in paths:
        with translated("remove", path):
            _remove(root, components(path))


def _remove(root: str, names: list[str]) -> None:
    # Without a star a path is taken literally, its other wildcards too (dagger core/directory.go).
    starred = any("*" in name for name in names)
    first = next((index for index, name in enumerate(names) if starred and has_wildcard(name)), None)
    if first is None:
        place = chase(root, "/".join(names), follow=False)
        if not place.absent:
            _discard(place)
        return
    top = _existing(root, "/".join(names[:first]), follow=True)
    if top and top.is_directory:
        tests = [name_matcher(name) for name in names[first:]]
        for real in _matching(top.real, tests):
            remove_tree(Path(real))


def _existing(root: str, path: str, *, follow: bool) -> Place | None:
    """Find a path; one that leads through a file, or around in circles, is as good as missing."""
    try:
        place = chase(root, path, follow=follow)
    except PathError:
        return None
    return None if place.absent else place


def _discard(place: Place) -> None:
    """Remove a path; of the root itself only what is in it."""
    if place.names:
        remove_tree(Path(place.real))
        return
    with os.scandir(place.real) as entries:
        for entry in list(entries):
            remove_tree(Path(entry.path))


def _matching(directory: str, tests: list[Callable[[str], bool]]) -> list[str]:
    """Real paths below a directory whose names match, one test for each level; no links are followed on the way."""
    with os.scandir(directory) as entries:
        found = [entry for entry in sorted(entries, key=lambda entry: entry.name) if tests[0](entry.name)]
    if len(tests) == 1:
        return [entry.path for entry in found]
    below = [entry.path for entry in found if entry.is_dir(follow_symlinks=False)]
    return [real for path in below for real in _matching(path, tests[1:])]
