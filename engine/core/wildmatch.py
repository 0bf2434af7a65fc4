"""Match a path with a pattern as git does (gitignore(5), "PATTERN FORMAT"; git's wildmatch.c with WM_PATHNAME)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MAGIC = frozenset("*?[\\")
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "\\x21-\\x7e",
    "lower": "a-z",
    "print": "\\x20-\\x7e",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t-\\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


class WildmatchError(ValueError):
    """Raised when a pattern matches nothing, by its form alone."""


def wildmatch(pattern: str) -> Callable[[str], bool]:
    """Give the test of a pattern, for whole paths; `**` spans directories where slashes or nothing stand around it."""
    if not pattern:
        raise WildmatchError("an empty pattern matches nothing")
    if not _MAGIC & set(pattern):
        return pattern.__eq__
    try:
        expression = re.compile(_expression(pattern), re.DOTALL)
    except re.error as error:
        raise WildmatchError(f"{pattern!r}: {error}") from error
    return lambda path: expression.fullmatch(path) is not None


def _expression(pattern: str) -> str:
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        part, position = _translated(pattern, position)
        parts.append(part)
    return "".join(parts)


def _translated(pattern: str, position: int) -> tuple[str, int]:
    character = pattern[position]
    if character == "*":
        return _stars(pattern, position)
    if character == "?":
        return "[^/]", position + 1
    if character == "[":
        return _bracket(pattern, position + 1)
    if character == "\\":
        if position + 1 == len(pattern):
            raise WildmatchError("a backslash at the end matches nothing")
        return re.escape(pattern[position + 1]), position + 2
    return re.escape(character), position + 1


def _stars(pattern: str, position: int) -> tuple[str, int]:
    end = position
    while pattern.startswith("*", end):
        end += 1
    bounded = position == 0 or pattern[position - 1] == "/"
    if end - position < len("**") or not bounded or pattern[end : end + 1] not in {"", "/"}:
        return "[^/]*", end
    return (".*", end) if end == len(pattern) else ("(?:.*/)?", end + 1)


def _bracket(pattern: str, position: int) -> tuple[str, int]:
    """Translate what comes after `[`; it never matches a slash."""
    negated = pattern.startswith(("!", "^"), position)
    start = position = position + negated
    inner: list[str] = []
    while position == start or not pattern.startswith("]", position):
        part, position = _member(pattern, position)
        inner.append(part)
    return f"(?!/)[{'^' if negated else ''}{''.join(inner)}]", position + 1


def _member(pattern: str, position: int) -> tuple[str, int]:
    named = re.compile(r"\[:([a-z]*):\]").match(pattern, position)
    if named:
        if named[1] not in _CLASSES:
            raise WildmatchError(f"{pattern!r}: no class of characters is called {named[1]!r}")
        return _CLASSES[named[1]], named.end()
    first, position = _character(pattern, position)
    if not pattern.startswith("-", position) or pattern[position + 1 : position + 2] in {"", "]"}:
        return re.escape(first), position
    last, position = _character(pattern, position + 1)
    # A range that runs backwards holds nothing; the first of it git has compared already.
    return (f"{re.escape(first)}-{re.escape(last)}" if first <= last else re.escape(first)), position


def _character(pattern: str, position: int) -> tuple[str, int]:
    position += pattern.startswith("\\", position)
    if position >= len(pattern):
        raise WildmatchError(f"{pattern!r}: a bracket is never closed")
    return pattern[position], position + 1
