"""The kernel's errors in the engine's words."""

from __future__ import annotations

import errno
import os

import pytest

from engine.errors import HostError, PathError
from engine.store.path_errors import missing, not_a_directory, translated


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (errno.ENOENT, PathError, "open a/b: no such file or directory"),
        (errno.EEXIST, PathError, "open a/b: file exists"),
        (errno.EACCES, PathError, "open a/b: permission denied"),
        (errno.ENOSPC, HostError, "open a/b: no space left on device"),
        (errno.EIO, HostError, "open a/b: input/output error"),
    ],
)
def test_an_error_names_the_path_that_was_asked_for(number: int, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught, translated("open", "a/b"):
        raise OSError(number, os.strerror(number), "/engine/own/path")
    assert str(caught.value) == text


def test_on_the_host_the_very_file_is_named() -> None:
    with (
        pytest.raises(PathError, match=r"^lstat /top/f: permission denied$"),
        translated("lstat", "/top", on_host=True),
    ):
        raise PermissionError(errno.EACCES, "x", "/top/f")


def test_other_errors_pass() -> None:
    with pytest.raises(PathError, match="mine"), translated("open", "a"):
        raise PathError("mine")


def test_the_usual_errors_read_as_dagger_writes_them() -> None:
    assert str(missing("stat", "x")) == "stat x: no such file or directory"
    assert str(not_a_directory("open", "x")) == "open x: not a directory"
