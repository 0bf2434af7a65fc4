"""The walk through what a selection takes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.core.tree import ALL, Selection
from engine.store.removal import remove_tree
from engine.store.walk import Walk, everything, read_text
from tests.engine.store.building import build

if TYPE_CHECKING:
    from pathlib import Path

_FILES = {
    "b.txt": "b",
    "a.txt": "a",
    "a.md": "m",
    "sub/c.txt": "c",
    "sub/deep/d.txt": "d",
    ".hidden": "h",
    "empty": None,
}


def _paths(root: Path, selection: Selection) -> list[str]:
    return [entry.path for entry in Walk(top=str(root), selection=selection)]


def test_names_are_sorted_and_directories_come_before_what_is_in_them(tmp_path: Path) -> None:
    build(tmp_path, {"a/f": "", "a.txt": "", "B": ""})
    assert _paths(tmp_path, ALL) == ["B", "a", "a/f", "a.txt"]
    assert [(entry.name, entry.directory) for entry in everything(str(tmp_path))][2] == ("f", "a")


@pytest.mark.parametrize(
    ("include", "exclude", "paths"),
    [
        (["*.txt"], [], ["a.txt", "b.txt"]),
        (["**/*.txt"], [], ["a.txt", "b.txt", "sub", "sub/c.txt", "sub/deep", "sub/deep/d.txt"]),
        (["sub"], [], ["sub", "sub/c.txt", "sub/deep", "sub/deep/d.txt"]),
        (["sub/*"], [], ["sub", "sub/c.txt", "sub/deep", "sub/deep/d.txt"]),
        (["sub/deep/d.txt"], [], ["sub", "sub/deep", "sub/deep/d.txt"]),
        (["empty", "nope"], [], ["empty"]),
        ([], ["**/*.txt"], [".hidden", "a.md", "empty", "sub", "sub/deep"]),
        ([], ["sub/**"], [".hidden", "a.md", "a.txt", "b.txt", "empty", "sub"]),
        ([], ["*", "!a.txt"], ["a.txt"]),
        ([], ["*", "!sub/deep/d.txt"], ["sub", "sub/deep", "sub/deep/d.txt"]),
        (["**/*.txt"], ["sub"], ["a.txt", "b.txt"]),
    ],
)
def test_a_directory_comes_for_its_own_sake_or_for_what_is_in_it(
    tmp_path: Path, include: list[str], exclude: list[str], paths: list[str]
) -> None:
    build(tmp_path, _FILES)
    assert _paths(tmp_path, Selection(include=tuple(include), exclude=tuple(exclude))) == paths


def test_ignore_files_count_when_asked(tmp_path: Path) -> None:
    build(tmp_path, {**_FILES, ".gitignore": "*.txt\n!a.txt\n/empty\n", "sub/.gitignore": "!d.txt\n"})
    kept = [".gitignore", ".hidden", "a.md", "a.txt", "sub", "sub/.gitignore", "sub/deep", "sub/deep/d.txt"]
    assert _paths(tmp_path, Selection(gitignore=True)) == kept
    assert len(_paths(tmp_path, ALL)) == 11


def test_excluded_directories_are_not_even_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tmp_path, {"node_modules/a/b": "", "ignored/x": "", "src/f": "", "docs/g": "", ".gitignore": "ignored/\n"})
    listed: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: [listed.append(os.path.relpath(path, tmp_path)), scandir(path)][1])
    _paths(tmp_path, Selection(include=("src/**", "node_modules/**"), exclude=("node_modules",), gitignore=True))
    assert listed == [".", "src"]


def test_a_tree_deeper_than_python_recurses_is_walked(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    depth = 1200
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)
    assert len(everything(str(tmp_path))) == depth
    remove_tree(tmp_path / "d")


def test_the_text_of_an_ignore_file_is_not_read_through_a_link_or_a_pipe(tmp_path: Path) -> None:
    build(tmp_path, {"real": "text"})
    (tmp_path / "link").symlink_to("real")
    os.mkfifo(tmp_path / "pipe")
    assert [read_text(str(tmp_path / name)) for name in ("real", "link", "pipe", "none")] == ["text", None, None, None]
