"""Search in the contents of files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from engine.core.tree import SearchQuery, SearchResult, Submatch
from engine.errors import InvalidRequest, PathError
from tests.engine.store.building import TREES, build

if TYPE_CHECKING:
    from pathlib import Path

_FILES = {
    "b.txt": "one\ntwo needle\n",
    "a.txt": "Needle\nneedle (x)\nneedle needle\n",
    "sub/c.md": "needle\n",
    ".hidden/d": "needle\n",
    "ignored.log": "needle\n",
    "sub/own": "needle\n",
    ".ignore": "*.log\n",
    "sub/.rgignore": "own\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    build(tmp_path, _FILES)
    (tmp_path / "binary").write_bytes(b"needle\0\n")
    (tmp_path / "link").symlink_to("a.txt")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def _found(root: Path, pattern: str, path: str = "/", **options: Any) -> list[str]:
    results = TREES.search(root, path, SearchQuery(pattern=pattern, **options))
    return [f"{result.file_path}:{result.line_number}" for result in results]


def test_a_hit_tells_where_it_is_and_what_matched(root: Path) -> None:
    assert TREES.search(root, "/", SearchQuery(pattern="ne+dle", paths=("a.txt",), limit=2))[1] == SearchResult(
        file_path="a.txt",
        line_number=3,
        absolute_offset=18,
        matched_lines="needle needle\n",
        submatches=(Submatch(text="needle", start=0, end=6), Submatch(text="needle", start=7, end=13)),
    )


def test_hits_come_in_the_order_of_paths_from_text_files_only(root: Path) -> None:
    files = [".hidden/d:1", "a.txt:2", "a.txt:3", "b.txt:2", "ignored.log:1", "sub/c.md:1", "sub/own:1"]
    assert _found(root, "needle") == files


@pytest.mark.parametrize(
    ("pattern", "options", "found"),
    [
        ("NEEDLE", {"insensitive": True, "paths": ("a.txt",)}, ["a.txt:1", "a.txt:2", "a.txt:3"]),
        ("(x)", {"literal": True}, ["a.txt:2"]),
        ("needle", {"files_only": True, "globs": ("*.txt",)}, ["a.txt:0", "b.txt:0"]),
        ("needle", {"limit": 2}, [".hidden/d:1", "a.txt:2"]),
        ("needle", {"skip_hidden": True, "globs": ("!*.txt", "!*.log")}, ["sub/c.md:1", "sub/own:1"]),
        ("needle", {"skip_hidden": True, "skip_ignored": True, "globs": ("!*.txt",)}, ["sub/c.md:1"]),
        ("needle", {"globs": ("!sub", "!.*")}, ["a.txt:2", "a.txt:3", "b.txt:2", "ignored.log:1"]),
        ("needle", {"globs": ("sub",)}, []),
        ("needle", {"skip_hidden": True, "globs": (".hidden", ".hidden/*")}, [".hidden/d:1"]),
        ("needle", {"paths": ("sub", "./b.txt")}, ["b.txt:2", "sub/c.md:1", "sub/own:1"]),
        ("one.two", {"multiline": True}, []),
        ("one.two", {"multiline": True, "dotall": True}, ["b.txt:1"]),
        ("one\ntwo", {"multiline": True, "literal": True}, ["b.txt:1"]),
        ("nowhere", {}, []),
    ],
)
def test_options_mean_what_they_mean_to_ripgrep(
    root: Path, pattern: str, options: dict[str, Any], found: list[str]
) -> None:
    assert _found(root, pattern, **options) == found


def test_git_s_ignore_files_count_in_a_repository_only(root: Path) -> None:
    build(root, {".gitignore": "*.txt\n"})
    assert "a.txt:2" in _found(root, "needle", skip_ignored=True)
    (root / ".git").mkdir()
    assert "a.txt:2" not in _found(root, "needle", skip_ignored=True)


def test_one_file_is_searched_under_its_own_name(root: Path) -> None:
    assert _found(root, "needle", "/sub/c.md") == ["c.md:1"]
    assert _found(root, "needle", "/sub") == ["c.md:1", "own:1"]


def test_paths_are_those_of_the_directory_and_named_by_where_they_lead(root: Path) -> None:
    assert _found(root, "two", paths=("/b.txt",)) == ["b.txt:2"]
    assert _found(root, r"\(x\)", paths=("link",)) == ["a.txt:2"]
    assert _found(root, "two", paths=("/sub/../",)) == ["b.txt:2"]


def test_paths_stay_in_the_directory(root: Path) -> None:
    for path, text in {"a/../../x": "cannot escape", "../x": "cannot escape", "nope": "no such file"}.items():
        with pytest.raises(PathError, match=text):
            _found(root, "x", paths=(path,))


@pytest.mark.parametrize("pattern", ["(", r"a\nb", "a\nb"])
def test_a_pattern_without_meaning_is_an_error(root: Path, pattern: str) -> None:
    with pytest.raises(InvalidRequest):
        _found(root, pattern)


def test_text_that_is_not_utf_8_does_no_harm(root: Path) -> None:
    (root / "latin").write_bytes(b"\xe9t\xe9 needle\n")
    (result,) = TREES.search(root, "latin", SearchQuery(pattern="needle"))
    assert result.submatches[0].start == 4
