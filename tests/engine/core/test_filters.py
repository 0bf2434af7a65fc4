"""Include and exclude patterns together."""

from __future__ import annotations

import pytest

from engine.core.filters import Filter
from engine.core.tree import Selection


@pytest.mark.parametrize(
    ("include", "exclude", "path", "taken"),
    [
        ((), (), "a", True),
        (("a",), (), "a/b", True),
        (("a",), (), "b", False),
        (("*.txt",), ("b.txt",), "b.txt", False),
        (("a.txt",), ("*.txt",), "a.txt", False),
        ((), ("pkg", "!pkg/c"), "pkg/c", True),
        ((), ("pkg", "!pkg/c"), "pkg/d", False),
        (("sub", "!sub/deep"), (), "sub/deep/x", False),
    ],
)
def test_exclude_wins_over_include(
    include: tuple[str, ...], exclude: tuple[str, ...], path: str, *, taken: bool
) -> None:
    chosen = Filter(Selection(include=include, exclude=exclude))
    standing = chosen.start
    names = path.split("/")
    for count in range(1, len(names) + 1):
        standing = chosen.judge("/".join(names[:count]), standing)
    assert standing.taken is taken


@pytest.mark.parametrize(
    ("include", "exclude", "directory", "may"),
    [
        ((), ("node_modules",), "node_modules", False),
        ((), ("*", "!keep/a"), "keep", True),
        ((), ("*", "!keep/a"), "other", False),
        (("src/**",), (), "docs", False),
        (("src/**",), (), "src", True),
        (("src",), (), "src", True),
        (("**/*.py",), (), "any", True),
    ],
)
def test_a_directory_that_can_hold_nothing_is_not_entered(
    include: tuple[str, ...], exclude: tuple[str, ...], directory: str, *, may: bool
) -> None:
    chosen = Filter(Selection(include=include, exclude=exclude))
    assert chosen.may_take_below(directory, chosen.judge(directory, chosen.start)) is may
