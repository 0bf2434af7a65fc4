"""The rules of .gitignore files, nested."""

from __future__ import annotations

import pytest

from engine.core.gitignore import IgnoreFile, IgnoreRules


@pytest.mark.parametrize(
    ("text", "path", "directory", "ignored"),
    [
        ("*.log", "a/b.log", False, True),
        ("/only", "only", False, True),
        ("/only", "a/only", False, False),
        ("a/b", "x/a/b", False, False),
        ("build/", "build", True, True),
        ("build/", "build", False, False),
        ("*.log\n!keep.log", "keep.log", False, False),
        ("# comment\n\n\\#real", "#real", False, True),
        ("a.txt\r\n", "a.txt", False, True),
        ("\ufeffa.txt", "a.txt", False, True),
        ("!\na.txt", "a.txt", False, True),
        ("", "a", False, False),
        ("a\\ ", "a ", False, True),
        ("a  ", "a", False, True),
        ("\\!a", "!a", False, True),
        ("[a\nb", "b", False, True),
        # The usual way to keep one kind of file only.
        ("*\n!*/\n!*.py", "src", True, False),
        ("*\n!*/\n!*.py", "src/a.py", False, False),
        ("*\n!*/\n!*.py", "src/a.txt", False, True),
    ],
)
def test_a_text_ignores_what_git_ignores(text: str, path: str, *, directory: bool, ignored: bool) -> None:
    assert IgnoreRules().within("", [text]).ignore(path, directory=directory) is ignored


def test_the_nearest_file_that_says_anything_decides() -> None:
    rules = IgnoreRules().within("", ["*.txt\n*.md"]).within("sub", ["!d.txt"])
    assert not rules.ignore("sub/d.txt", directory=False)
    assert rules.ignore("sub/d.md", directory=False)


def test_a_later_text_of_one_directory_wins() -> None:
    assert not IgnoreRules().within("", ["a", "!a"]).ignore("a", directory=False)


def test_rules_from_above_know_where_the_paths_start() -> None:
    rules = IgnoreRules().within("", ["/app/build", "/build"]).below("app/").within("sub", ["/x"])
    assert rules.ignore("build", directory=True)
    assert rules.ignore("sub/x", directory=False)
    assert not rules.ignore("x", directory=False)
    assert not rules.ignore("app/build", directory=True)


def test_a_pattern_says_nothing_about_what_is_below_the_directory_it_names() -> None:
    rules = IgnoreRules().within("", ["build"]).within("d", ["!c\n!*/"])
    assert not rules.ignore("d/c", directory=True)
    assert rules.ignore("d/c/build", directory=False)


def test_a_verdict_is_none_when_no_pattern_speaks() -> None:
    file = IgnoreFile(["*.a", "!b.a"])
    assert [file.verdict(path, directory=False) for path in ("x.a", "b.a", "c")] == [True, False, None]
