"""Where paths given to a container lead."""

from __future__ import annotations

import pytest

from engine.core.workdir import absolute, absolute_keeping_slash, changed, is_below, relative


@pytest.mark.parametrize(
    ("path", "workdir", "found"),
    [
        ("a", "", "/a"),
        ("a", "/w", "/w/a"),
        ("a", "w", "/w/a"),
        ("/a", "/w", "/a"),
        ("..", "/w", "/"),
        ("../../..", "/w", "/"),
        ("./a/../b/", "/w", "/w/b"),
        ("", "/w", "/w"),
        ("", "", "/"),
        ("//a", "", "/a"),
        ("~", "/w", "/w/~"),
    ],
)
def test_a_path_starts_at_the_working_directory_and_stops_at_the_root(path: str, workdir: str, found: str) -> None:
    assert absolute(path, workdir) == found


@pytest.mark.parametrize(("path", "found"), [("/a/", "/a/"), ("/a", "/a"), ("a/", "/w/a"), ("/", "/"), ("/a/../", "/")])
def test_only_an_absolute_path_keeps_its_slash(path: str, found: str) -> None:
    assert absolute_keeping_slash(path, "/w") == found


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [("", "a", "/a"), ("/a", "b", "/a/b"), ("/a", "../b", "/b"), ("/a", "/b/../c", "/b/../c"), ("/a", ".", "/a")],
)
def test_a_relative_working_directory_joins_the_last_one(old: str, new: str, found: str) -> None:
    assert changed(old, new) == found


@pytest.mark.parametrize(
    ("path", "top", "below"),
    [("/a", "/a", True), ("/a/b", "/a", True), ("/ab", "/a", False), ("/", "/a", False), ("/x", "/", True)],
)
def test_a_path_is_below_whole_names_only(path: str, top: str, *, below: bool) -> None:
    assert is_below(path, top) is below


@pytest.mark.parametrize(("path", "top", "rest"), [("/a/b", "/a", "/b"), ("/a", "/a", "/"), ("/a/b", "/", "/a/b")])
def test_the_rest_of_a_path_starts_with_a_slash(path: str, top: str, rest: str) -> None:
    assert relative(path, top) == rest
