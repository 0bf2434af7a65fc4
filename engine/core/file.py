"""Files: a path in a snapshot, and the name it goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from engine.core.tree import Source

NAME_LIMIT = 255  # bytes in one path component, NAME_MAX of linux/limits.h


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A regular file."""

    source: Source
    name: str
    uploaded: bool = False
    """Whether it is a file of the host, just as it came."""


def checked_name(name: str) -> str:
    """Give the name back; raises InvalidRequest when it could not be the name of one file."""
    if "/" in name:
        raise InvalidRequest(f'file name "{name}" must not contain a directory')
    if name in ("", ".", ".."):
        raise InvalidRequest(f'file name "{name}" is not the name of a file')
    return checked_length(name)


def checked_length(name: str) -> str:
    """Give the name back; raises InvalidRequest when it is too long for a file system."""
    if len(name.encode()) > NAME_LIMIT:
        raise InvalidRequest(f"File name length exceeds the maximum supported {NAME_LIMIT} characters")
    return name
