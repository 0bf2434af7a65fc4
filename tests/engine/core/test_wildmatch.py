"""Patterns as git reads them: the answers are those of `git check-ignore`."""

from __future__ import annotations

import pytest

from engine.core.wildmatch import WildmatchError, wildmatch


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("a.b", "a.b", True),
        ("a.b", "axb", False),
        ("*.b", ".b", True),
        ("a*", "a/b", False),
        ("a?c", "a/c", False),
        ("**/a", "a", True),
        ("**/a", "b/c/a", True),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a**b", "axyb", True),
        ("a**/b", "a/x/b", False),
        ("**", "a/b", True),
        ("[ab]", "b", True),
        ("[!ab]", "c", True),
        ("[^ab]", "a", False),
        ("[a-c]", "b", True),
        ("[c-a]", "b", False),
        ("[]]", "]", True),
        ("[a-]", "-", True),
        (r"[\]]", "]", True),
        ("[!a]", "/", False),
        ("[[:digit:]]", "7", True),
        ("[[:digit:]x]", "y", False),
        (r"\*", "*", True),
        (r"\*", "a", False),
        ("[&&a]", "&", True),
    ],
)
def test_a_pattern_matches_whole_paths(pattern: str, path: str, *, matches: bool) -> None:
    assert wildmatch(pattern)(path) is matches


@pytest.mark.parametrize("pattern", ["", "a\\", "[a", "[", "[[:what:]]", "[a\\"])
def test_a_pattern_that_can_match_nothing_is_told(pattern: str) -> None:
    with pytest.raises(WildmatchError):
        wildmatch(pattern)
