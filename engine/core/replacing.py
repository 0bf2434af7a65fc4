"""Replace text in a file the way File.withReplaced does."""

from __future__ import annotations

from engine.errors import InvalidRequest


def replaced(old: bytes, search: bytes, new: bytes, *, everywhere: bool, first_from: int | None) -> bytes:
    """Replace exactly one match, every match, or the first; of those at or after a line (counted from 1) if given.

    Raises InvalidRequest when there is no match, or more than one where one was meant.
    """
    start = 0 if first_from is None else _start_of_line(old, first_from)
    if everywhere:
        return old[:start] + old[start:].replace(search, new)
    if first_from is not None:
        return _replace_at(old, search, new, old.find(search, start))
    found = _matches(old, search)
    if len(found) > 1:
        where = ", ".join(f"line {_line(old, at)} ({at}-{at + len(search)})" for at in found)
        raise InvalidRequest(f"search string found multiple times: {where}")
    return _replace_at(old, search, new, found[0] if found else -1)


def _replace_at(old: bytes, search: bytes, new: bytes, at: int) -> bytes:
    if at < 0:
        raise InvalidRequest("search string not found")
    return old[:at] + new + old[at + len(search) :]


def _matches(old: bytes, search: bytes) -> list[int]:
    found, at = [], old.find(search) if search else -1
    while at >= 0:
        found.append(at)
        at = old.find(search, at + len(search))
    return found


def _start_of_line(old: bytes, line: int) -> int:
    at = 0
    for _ in range(max(line, 1) - 1):
        at = old.find(b"\n", at) + 1
        if at == 0:
            return len(old)
    return at


def _line(old: bytes, at: int) -> int:
    return old.count(b"\n", 0, at) + 1
