"""Names of directories."""

from __future__ import annotations

import pytest

from engine.core.directory import Directory
from engine.core.tree import EMPTY


@pytest.mark.parametrize(("path", "name"), [("/", "/"), ("/a", "a/"), ("/a/b", "b/"), ("/a/b/", "b/")])
def test_the_name_of_a_directory_ends_with_a_slash(path: str, name: str) -> None:
    assert Directory(path=path).name == name


def test_a_new_directory_is_empty() -> None:
    assert Directory().source.snapshot == EMPTY
