"""Patterns against paths, as moby/patternmatcher answers."""

from __future__ import annotations

import pytest

from engine.core.patterns import PatternError, Patterns, has_wildcard, local_patterns, name_matcher, path_matcher


@pytest.mark.parametrize(
    ("patterns", "path", "matches"),
    [
        (["a"], "a", True),
        (["a"], "a/b/c", True),
        (["a"], "b/a", False),
        (["a/"], "a", True),
        (["./a"], "a", True),
        (["/a"], "a", False),
        ([" a "], "a", True),
        (["*"], "a/b", True),
        (["*.txt"], "a.txt", True),
        (["*.txt"], "d/a.txt", False),
        (["*.txt"], "atxt", False),
        (["?.txt"], "a.txt", True),
        (["?"], "/", False),
        (["[a-c].txt"], "b.txt", True),
        (["[^a-c].txt"], "b.txt", False),
        (["[^a-c].txt"], "d.txt", True),
        ([r"\*"], "*", True),
        ([r"\*"], "a", False),
        (["a.b"], "axb", False),
        (["a(b)+{c}|$"], "a(b)+{c}|$", True),
        (["d/*"], "d", False),
        (["d/*"], "d/e/f", True),
        (["d/**"], "d", False),
        (["d/**"], "d/e/f", True),
        (["**"], "a", True),
        (["**/a"], "a", True),
        (["**/a"], "x/y/a", True),
        (["**/a"], "x/ya", False),
        (["**a"], "x/ya", True),
        (["**/*.txt"], "a.txt", True),
        (["**/*.txt"], "d/e/a.txt", True),
        (["d/**/f"], "d/f", True),
        (["d/**/f"], "d/x/y/f", True),
        (["d/**/f"], "d/x/y/g", False),
        (["d*/**"], "dx/y", True),
        (["a", "!a/b"], "a/b", False),
        (["a", "!a/b"], "a/c", True),
        (["!a/b", "a"], "a/b", True),
        (["*", "!keep"], "keep", False),
        (["*", "!d/keep"], "d/keep", False),
        (["*", "!d/keep"], "d/other", True),
        (["a", "!**/x", "a/b/x"], "a/b/x", True),
        # A `!` pattern that had nothing to take back at the directory says nothing about what is below it.
        (["d/x", "!d"], "d/x", True),
        ([], "a", False),
        (["", "  "], "a", False),
    ],
)
def test_the_last_pattern_that_matches_a_path_or_a_directory_above_decides(
    patterns: list[str], path: str, *, matches: bool
) -> None:
    assert Patterns(patterns).matches(path) is matches


@pytest.mark.parametrize("pattern", ["!", "[", "a[b", "[]", "[^]"])
def test_a_pattern_without_meaning_is_an_error(pattern: str) -> None:
    with pytest.raises(PatternError):
        Patterns([pattern])


@pytest.mark.parametrize(
    ("pattern", "directory", "may"),
    [
        ("a/b", "a", True),
        ("a/b", "x", False),
        ("a/b", "a/b", False),
        ("a/*/c", "a/b", True),
        ("a/*/c", "b/b", False),
        ("*.txt", "d", False),
        ("**/*.txt", "d/e", True),
        ("a/**", "a/b/c", True),
        ("a/**", "b", False),
        ("[a-b]/c", "z", True),
    ],
)
def test_a_directory_is_left_out_only_when_nothing_below_can_match(pattern: str, directory: str, *, may: bool) -> None:
    assert Patterns([pattern]).may_match_below(directory) is may
    assert Patterns(["*", f"!{pattern}"]).may_take_back_below(directory) is may


def test_a_glob_looks_at_whole_paths_only() -> None:
    assert path_matcher("sub")("sub")
    assert not path_matcher("sub")("sub/a")
    assert not path_matcher("!sub")("other")
    assert not path_matcher("")("a")


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*.conf", "a.conf", True),
        ("*.conf", "a.confx", False),
        ("[^a]*", "b", True),
        ("**", "ab", True),
        (r"\[x]", "[x]", True),
    ],
)
def test_a_name_pattern_reads_as_go_reads_it(pattern: str, name: str, *, matches: bool) -> None:
    assert name_matcher(pattern)(name) is matches


@pytest.mark.parametrize(
    ("name", "wild"), [("a*", True), ("a?", True), ("[a]", True), ("a", False), (r"\*", False), (r"\\*", True)]
)
def test_an_escaped_character_is_no_wildcard(name: str, *, wild: bool) -> None:
    assert has_wildcard(name) is wild


def test_patterns_that_leave_the_host_directory_are_passed_over() -> None:
    assert local_patterns(["/abs", "../x", "!../y", "a/../../z", "a", "!b", "."]) == ("a", "!b", "*")
