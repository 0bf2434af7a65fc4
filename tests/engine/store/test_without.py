"""Removal of paths."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import PathError
from engine.store.without import remove
from tests.engine.store.building import build, names

if TYPE_CHECKING:
    from pathlib import Path

_FILES = {"a.txt": "", "b.txt": "", "a.md": "", "*": "", "[a]?": ""} | dict.fromkeys(
    ("sub/c.txt", "sub/deep/d.txt", "other/c.txt"), ""
)


def _left(root: Path) -> list[str]:
    return sorted(os.path.relpath(f"{top}/{name}", root) for top, _, files in os.walk(root) for name in files)


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("a.txt", {"a.txt"}),
        ("/sub", {"sub/c.txt", "sub/deep/d.txt"}),
        ("*.txt", {"a.txt", "b.txt"}),
        ("s*", {"sub/c.txt", "sub/deep/d.txt"}),
        ("*/c.txt", {"sub/c.txt", "other/c.txt"}),
        ("sub/*", {"sub/c.txt", "sub/deep/d.txt"}),
        (r"\*", set()),
        ("*", set(_FILES)),
        ("nope", set()),
        ("nope/*", set()),
        ("a.txt/*", set()),
        ("[ab].txt", set()),
        ("[a]?", {"[a]?"}),
        ("[ab].t*", {"a.txt", "b.txt"}),
        ("../a.txt", {"a.txt"}),
        ("/", set(_FILES)),
    ],
)
def test_what_a_path_names_is_removed_and_nothing_else(tmp_path: Path, path: str, gone: set[str]) -> None:
    root = build(tmp_path / "root", _FILES)
    build(tmp_path, {"a.txt": "outside"})
    remove(str(root), [path])
    assert set(_left(root)) == set(_FILES) - gone
    assert (tmp_path / "a.txt").exists()
    assert root.exists()


def test_a_path_through_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PathError, match="not a directory"):
        remove(str(build(tmp_path, {"a.txt": ""})), ["a.txt/x"])


def test_links_are_followed_on_the_way_but_removed_themselves(tmp_path: Path) -> None:
    build(tmp_path, {"real/a": "", "real/b": ""})
    (tmp_path / "link").symlink_to("/real")
    remove(str(tmp_path), ["link/a"])
    assert names(tmp_path / "real") == ["b"]
    remove(str(tmp_path), ["link"])
    assert names(tmp_path) == ["real"]


def test_a_wildcard_never_leads_through_a_link(tmp_path: Path) -> None:
    build(tmp_path, {"real/a": ""})
    (tmp_path / "link").symlink_to("real")
    remove(str(tmp_path), ["l*/a"])
    assert (tmp_path / "real/a").exists()
