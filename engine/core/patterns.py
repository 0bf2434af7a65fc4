"""Match paths against lists of patterns, as moby/patternmatcher v0.6 does for Dockerfiles and Dagger.

Rule 1: a later pattern wins over an earlier one; `!` takes back.
Rule 2: a pattern that matches a directory matches everything below it.
Rule 3: `*`, `?` and `[…]` stay within one name; `**` spans any number of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from engine.core.paths import cleaned, is_local
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MAGIC = frozenset("*?[\\")
_LITERAL_IN_REGEX = frozenset(".+()|{}$^")


class PatternError(InvalidRequest):
    """Raised when a pattern cannot be understood."""


class Seen(NamedTuple):
    """What is known about a path, to be handed to the paths below it."""

    matched: bool
    by_pattern: tuple[bool, ...]


class Pattern:
    """One pattern of a list."""

    __slots__ = ("_names", "matches", "negated", "text")

    def __init__(self, text: str, *, negated: bool) -> None:
        self.text = text
        self.negated = negated
        self.matches = _matcher(text)
        self._names = [_name_matcher(name) for name in text.split("/")]

    def may_match_below(self, directory: list[str]) -> bool:
        """Whether some path below the directory could match; never a wrong no."""
        for name, matches in zip(directory, self._names, strict=False):
            if matches is None:
                return True
            if not matches(name):
                return False
        return len(self._names) > len(directory)


class Patterns:
    """A list of patterns, ready to be matched against paths relative to the top (`a/b`)."""

    __slots__ = ("_patterns", "_start")

    def __init__(self, texts: Iterable[str]) -> None:
        self._patterns = [pattern for text in texts if (pattern := _parsed(text))]
        self._start = Seen(matched=False, by_pattern=(False,) * len(self._patterns))

    def __bool__(self) -> bool:
        return bool(self._patterns)

    @property
    def start(self) -> Seen:
        """What is known at the top."""
        return self._start

    def see(self, path: str, parent: Seen) -> Seen:
        """Match a path, given what is known about its directory."""
        matched = False
        by_pattern = []
        for pattern, above in zip(self._patterns, parent.by_pattern, strict=True):
            # A pattern that could not change the answer is not tried, and then counts as not matched below either.
            hit = above or (pattern.negated == matched and pattern.matches(path))
            by_pattern.append(hit)
            if hit:
                matched = not pattern.negated
        return Seen(matched=matched, by_pattern=tuple(by_pattern))

    def matches(self, path: str) -> bool:
        """Match one path, its directories looked at first."""
        seen = self._start
        names = path.split("/")
        for count in range(1, len(names) + 1):
            seen = self.see("/".join(names[:count]), seen)
        return seen.matched

    def may_match_below(self, directory: str) -> bool:
        """Whether a path below a directory that does not match could match."""
        return self._may(directory, negated=False)

    def may_take_back_below(self, directory: str) -> bool:
        """Whether a path below a directory that matches could fail to match, by a `!` pattern."""
        return self._may(directory, negated=True)

    def _may(self, directory: str, *, negated: bool) -> bool:
        names = directory.split("/")
        return any(pattern.negated == negated and pattern.may_match_below(names) for pattern in self._patterns)


def path_matcher(text: str) -> Callable[[str], bool]:
    """Give the test of one pattern against whole paths, without regard to directories above them."""
    parsed = _parsed(text)
    if parsed is None or parsed.negated:
        return lambda _path: False
    return parsed.matches


def has_wildcard(name: str) -> bool:
    """Whether a name is a pattern; a backslash takes the meaning from the character after it."""
    escaped = False
    for character in name:
        if not escaped and character in "*?[":
            return True
        escaped = character == "\\" and not escaped
    return False


def name_matcher(pattern: str) -> Callable[[str], bool]:
    """Give the test of a pattern for single names, as Go's path.Match."""
    return _compiled(re.sub(r"\*\*+", "*", pattern))


def local_patterns(texts: Iterable[str]) -> tuple[str, ...]:
    """Keep the patterns that count on the host: absolute and climbing ones are passed over, `.` means all."""
    return tuple("*" if cleaned(text) == "." else text for text in texts if is_local(text.removeprefix("!")))


def _parsed(text: str) -> Pattern | None:
    stripped = text.strip()
    if not stripped:
        return None
    clean = cleaned(stripped)
    negated = clean.startswith("!")
    if clean == "!":
        raise PatternError('illegal exclusion pattern: "!"')
    return Pattern(clean[1:] if negated else clean, negated=negated)


def _matcher(text: str) -> Callable[[str], bool]:
    """Choose the cheapest test: most patterns are plain paths or have `**` at one end."""
    if not _MAGIC & set(text):
        return text.__eq__
    front, back = text.startswith("**"), text.endswith("**")
    if text == "**":
        return lambda _path: True
    if back and not _MAGIC & set(text[:-2]):
        return _starts_with(text[:-2])
    if front and not _MAGIC & set(text[2:]):
        return _ends_with(text[2:])
    return _compiled(text)


def _starts_with(prefix: str) -> Callable[[str], bool]:
    return lambda path: path.startswith(prefix)


def _ends_with(suffix: str) -> Callable[[str], bool]:
    whole = suffix.removeprefix("/")
    return lambda path: path.endswith(suffix) or path == whole


def _name_matcher(name: str) -> Callable[[str], bool] | None:
    """Give the test of one name of a pattern; None when it may span several names."""
    if "**" in name or "[" in name or "\\" in name:
        return None
    return _matcher(name)


def _compiled(text: str) -> Callable[[str], bool]:
    try:
        expression = re.compile(_expression(text), re.DOTALL)
    except re.error as error:
        raise PatternError(f"syntax error in pattern {text!r}: {error}") from error
    return lambda path: expression.fullmatch(path) is not None


def _expression(text: str) -> str:
    """Translate to a regular expression, with moby's own reading of `**` (it takes a slash after it along)."""
    parts: list[str] = []
    position = 0
    while position < len(text):
        part, position = _translated(text, position)
        parts.append(part)
    return "".join(parts)


def _translated(text: str, position: int) -> tuple[str, int]:
    character = text[position]
    if text.startswith("**", position):
        return _stars(text, position + 2)
    if character == "[":
        return _set(text, position)
    if character == "\\" and position + 1 < len(text):
        return re.escape(text[position + 1]), position + 2
    plain = {"*": "[^/]*", "?": "[^/]"}.get(character)
    return plain or re.escape(character), position + 1


def _stars(text: str, position: int) -> tuple[str, int]:
    if text.startswith("/", position):
        position += 1
    return (".*", position) if position == len(text) else ("(?:.*/)?", position)


def _set(text: str, position: int) -> tuple[str, int]:
    """Translate `[…]`; Go knows `^` as its negation, and a backslash escapes."""
    end = position + 1
    inner = ["^"] if text.startswith("^", end) else []
    end += len(inner)
    while end < len(text) and text[end] != "]":
        if text[end] == "\\" and end + 1 < len(text):
            end += 1
            inner.append(re.escape(text[end]))
        else:
            inner.append("-" if text[end] == "-" else re.escape(text[end]))
        end += 1
    if end >= len(text) or inner in ([], ["^"]):
        raise PatternError(f"syntax error in pattern: {text}")
    return f"[{''.join(inner)}]", end + 1
