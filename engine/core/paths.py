"""Container paths as text: clean them, split them, tell whether they climb out."""

from __future__ import annotations

import posixpath

LONGEST_NAME = 255
"""Bytes of a file name that every Linux file system holds (NAME_MAX)."""


def cleaned(path: str) -> str:
    """Give the shortest equal path without looking at files, as Go's filepath.Clean: `.` for the empty one."""
    clean = posixpath.normpath(path) if path else "."
    return clean[1:] if clean.startswith("//") else clean


def absolute(path: str) -> str:
    """Give the cleaned path below `/`; `..` stops there."""
    return cleaned("/" + path)


def components(path: str) -> list[str]:
    """Names on the way from `/` to the path, cleaned; `..` stops at `/`."""
    return [name for name in absolute(path).split("/") if name]


def climbs_out(path: str) -> bool:
    """Whether a relative path leaves the directory that it is relative to."""
    clean = cleaned(path)
    return clean == ".." or clean.startswith("../")


def is_local(path: str) -> bool:
    """Whether the path stays in its directory, as Go's filepath.IsLocal: not empty, absolute or climbing out."""
    return bool(path) and not path.startswith("/") and not climbs_out(path)


def asks_for_directory(path: str) -> bool:
    """Whether a path that is written can only mean a directory: it ends with a slash."""
    return path.endswith("/")
