"""Names that a file may have."""

from __future__ import annotations

import pytest

from engine.core.file import checked_length, checked_name
from engine.errors import InvalidRequest


@pytest.mark.parametrize("name", ["a", ".env", "a b", "…", "a" * 255])
def test_a_name_of_one_file_is_given_back(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["a/b", "/a", "a/", "../a"])
def test_a_name_must_not_hold_a_directory(name: str) -> None:
    with pytest.raises(InvalidRequest, match=rf'^file name "{name}" must not contain a directory$'):
        checked_name(name)


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_of_a_directory_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="is not the name of a file"):
        checked_name(name)


@pytest.mark.parametrize("name", ["a" * 256, "é" * 128])
def test_a_name_is_counted_in_bytes(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^File name length exceeds the maximum supported 255 characters$"):
        checked_length(name)
