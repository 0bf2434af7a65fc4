"""Questions about a tree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.core.tree import FileType, Stat
from engine.errors import PathError
from tests.engine.store.building import TREES, build

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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = build(tmp_path, _FILES)
    for name, target in {"link": "a.txt", "dangling": "gone", "dirlink": "/sub"}.items():
        (root / name).symlink_to(target)
    return root


def test_entries_are_sorted_and_only_directories_have_a_slash(root: Path) -> None:
    names = [".hidden", "a.md", "a.txt", "b.txt", "dangling", "dirlink", "empty/", "link", "sub/"]
    assert TREES.entries(root, "/") == names
    assert TREES.entries(root, "dirlink/deep/..") == ["c.txt", "deep/"]
    assert TREES.entries(root, "empty") == []


def test_entries_of_what_is_no_directory(root: Path) -> None:
    with pytest.raises(PathError, match="open nope: no such file or directory"):
        TREES.entries(root, "nope")
    with pytest.raises(PathError, match=r"open a\.txt: not a directory"):
        TREES.entries(root, "a.txt")


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("*.txt", ["a.txt", "b.txt"]),
        ("**/*.txt", ["a.txt", "b.txt", "sub/c.txt", "sub/deep/d.txt"]),
        ("sub/*", ["sub/c.txt", "sub/deep/"]),
        ("sub/**", ["sub/c.txt", "sub/deep/", "sub/deep/d.txt"]),
        ("sub/", ["sub/"]),
        ("[ab].txt", ["a.txt", "b.txt"]),
        ("nope*", []),
        ("/sub", []),
    ],
)
def test_a_glob_matches_whole_paths(root: Path, pattern: str, paths: list[str]) -> None:
    assert TREES.glob(root, "/", pattern) == paths


def test_a_glob_gives_all_paths_in_the_order_of_a_walk(root: Path) -> None:
    build(root, {"sub.txt": ""})
    tail = ["link", "sub/", "sub/c.txt", "sub/deep/", "sub/deep/d.txt", "sub.txt"]
    assert TREES.glob(root, "/", "**/*")[-6:] == tail
    assert TREES.glob(root, "dirlink", "**") == ["c.txt", "deep/", "deep/d.txt"]


def test_facts_go_by_the_name_of_what_is_found(root: Path) -> None:
    (root / "a.txt").chmod(0o4751)
    facts = Stat(name="a.txt", size=1, permissions=0o751, file_type=FileType.REGULAR)
    assert TREES.stat(root, "link") == facts
    link = Stat(name="link", size=5, permissions=0o777, file_type=FileType.SYMLINK)
    assert TREES.stat(root, "link", follow=False) == link
    assert (TREES.stat(root, "/").name, TREES.stat(root, "dirlink").file_type) == ("/", FileType.DIRECTORY)
    os.mkfifo(root / "pipe")
    assert TREES.stat(root, "pipe").file_type is FileType.UNKNOWN
    with pytest.raises(PathError, match="stat nope: no such file or directory"):
        TREES.stat(root, "nope")


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("a.txt", [True, True, False, False, True, True, False]),
        ("sub", [True, False, True, False, True, False, True]),
        ("link", [True, True, False, True, True, False, False]),
        ("dirlink", [True, False, True, True, True, False, False]),
        ("dangling", [False, False, False, True, True, False, False]),
        ("nope/x", [False] * 7),
        ("", [False] * 7),
        ("/", [True, False, True, False, True, False, True]),
    ],
)
def test_what_exists_by_kind(root: Path, path: str, answers: list[bool]) -> None:
    kinds = [None, FileType.REGULAR, FileType.DIRECTORY, FileType.SYMLINK]
    followed = [TREES.exists(root, path, expected=kind) for kind in kinds]
    assert followed + [TREES.exists(root, path, expected=kind, follow=False) for kind in kinds[:3]] == answers


def test_a_path_through_a_file_is_an_error_even_to_ask_about(root: Path) -> None:
    with pytest.raises(PathError, match="not a directory"):
        TREES.exists(root, "a.txt/x")


def test_contents_have_a_limit(root: Path) -> None:
    assert TREES.read(root, "link", limit=1) == b"a"
    with pytest.raises(PathError, match=r"^file size 1 exceeds limit 0$"):
        TREES.read(root, "a.txt", limit=0)


def test_only_files_are_read(root: Path) -> None:
    os.mkfifo(root / "pipe")
    for path, text in {
        "sub": "path sub is a directory, not a file",
        "dangling": "open dangling: no such file or directory",
        "pipe": "path pipe is not a regular file",
    }.items():
        with pytest.raises(PathError, match=text):
            TREES.read(root, path, limit=10)


def test_resolving_follows_every_link(root: Path) -> None:
    assert TREES.resolve(root, "/dirlink/deep/") == "/sub/deep"
    with pytest.raises(PathError, match="no such file"):
        TREES.resolve(root, "dangling")


def test_finding_up_stops_at_the_nearest(root: Path) -> None:
    build(root, {"sub/a.txt": "nearer"})
    asked = [
        ("a.txt", "sub/deep"),
        ("b.txt", "sub/deep"),
        ("empty", "/sub"),
        ("dangling", "/"),
        ("a.txt/x", "sub"),
        ("d.txt", "sub"),
    ]
    found = ["sub/a.txt", "b.txt", "empty", "dangling", None, None]
    assert [TREES.find_up(root, *question) for question in asked] == found


def test_users_and_groups_are_read_where_they_are(root: Path) -> None:
    assert TREES.passwd(root) == (None, None)
    build(root, {"etc/passwd": "root:x:0:0::/:/bin/sh\n", "usr/group": "g"})
    (root / "etc/group").symlink_to("/usr/group")
    assert TREES.passwd(root) == ("root:x:0:0::/:/bin/sh\n", "g")
