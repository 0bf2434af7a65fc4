"""Container paths as text."""

from __future__ import annotations

import pytest

from engine.core.paths import absolute, asks_for_directory, cleaned, climbs_out, components, is_local


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("", "."),
        ("./a", "a"),
        ("a/", "a"),
        ("a//b", "a/b"),
        ("a/../b", "b"),
        ("..", ".."),
        ("//a", "/a"),
        ("/..", "/"),
        ("/", "/"),
    ],
)
def test_a_path_is_cleaned_as_go_cleans_it(path: str, clean: str) -> None:
    assert cleaned(path) == clean


@pytest.mark.parametrize(
    ("path", "names"), [("", []), ("/", []), ("../a", ["a"]), ("a/../../b", ["b"]), ("/a//b/.", ["a", "b"])]
)
def test_the_names_of_a_path_stop_at_the_root(path: str, names: list[str]) -> None:
    assert components(path) == names
    assert absolute(path) == "/" + "/".join(names)


@pytest.mark.parametrize(
    ("path", "climbs"), [("..", True), ("a/../../b", True), ("..a", False), ("/../a", False), (".", False)]
)
def test_climbing_out_is_noticed(path: str, *, climbs: bool) -> None:
    assert climbs_out(path) is climbs


@pytest.mark.parametrize(
    ("path", "local"), [("a", True), ("a/../b", True), (".", True), ("", False), ("/a", False), ("../a", False)]
)
def test_a_local_path_stays_in_its_directory(path: str, *, local: bool) -> None:
    assert is_local(path) is local


def test_a_slash_at_the_end_asks_for_a_directory() -> None:
    assert asks_for_directory("a/")
    assert not asks_for_directory("a")
