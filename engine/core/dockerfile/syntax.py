"""Cut a Dockerfile into instructions: comments, continued lines, here-documents, flags.

Rule 1: a comment is a whole line, also between the lines of one instruction; so is an empty line.
Rule 2: a line that ends with one escape character goes on in the next.
Rule 3: here-documents follow the last line of a RUN, COPY or ADD, in the order in which their marks appear in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.dockerfile.error import DockerfileError
from engine.core.dockerfile.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_KEYWORD = re.compile(r"\s*(\S+)\s*(.*)", re.DOTALL)
_MARK = re.compile(r"(?P<strip>-?)(?P<quote>[\"']?)(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)(?P=quote)")
_WITH_HEREDOCS = frozenset({"RUN", "COPY", "ADD"})
_WITH_FLAGS = frozenset({"RUN", "COPY", "ADD", "FROM", "HEALTHCHECK"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """A text that follows an instruction."""

    name: str
    contents: str
    expand: bool
    """Whether variables in it are replaced: its mark was not quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction, not understood yet."""

    line: int
    keyword: str
    """In capitals."""
    flags: tuple[tuple[str, str | None], ...] = ()
    """`--name=value`; None without a value."""
    rest: str = ""
    """What follows, continued lines joined, here-documents left out."""
    heredocs: tuple[Heredoc, ...] = ()
    following: str = ""
    """The here-documents as they are written, with their ends."""
    escape: str = "\\"


def instructions(text: str) -> Iterator[Instruction]:
    """Cut the text; raises DockerfileError."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    yield from _Reader(lines, _escape(lines)).read()


def single(text: str, line: int, escape: str) -> Instruction:
    """Read one instruction on its own, as ONBUILD keeps it."""
    return next(_Reader(text.split("\n"), escape, first=line).read())


def _escape(lines: list[str]) -> str:
    """Look through the directives at the top (`# escape=`); what others say does not change the meaning here."""
    seen: set[str] = set()
    escape = "\\"
    for number, line in enumerate(lines, start=1):
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None:
            break
        name, value = match.group(1).lower(), match.group(2)
        if name in seen:
            raise DockerfileError(number, f"only one {name} parser directive can be used")
        seen.add(name)
        if name == "escape":
            if value not in ("\\", "`"):
                raise DockerfileError(number, f"invalid escape token '{value}' does not match ` or \\")
            escape = value
    return escape


class _Reader:
    def __init__(self, lines: list[str], escape: str, *, first: int = 1) -> None:
        self._lines = lines
        self._escape = escape
        self._first = first
        self._continued = re.compile(rf"(?<!{re.escape(escape)}){re.escape(escape)}[ \t]*$")
        self._next = 0

    def read(self) -> Iterator[Instruction]:
        while self._next < len(self._lines):
            start = self._next
            joined = self._joined()
            if joined.strip():
                yield self._instruction(start + self._first, joined)

    def _joined(self) -> str:
        """Take lines up to the end of an instruction."""
        parts: list[str] = []
        while self._next < len(self._lines):
            line = self._lines[self._next]
            self._next += 1
            if line.lstrip().startswith("#") or not line.strip():
                if not parts:
                    return ""
                continue
            whole, continued = self._continued.subn("", line)
            parts.append(whole if parts else whole.lstrip())
            if not continued:
                break
        return "".join(parts)

    def _instruction(self, line: int, joined: str) -> Instruction:
        match = _KEYWORD.fullmatch(joined)
        keyword, rest = (match.group(1).upper(), match.group(2).rstrip()) if match else ("", "")
        flags: tuple[tuple[str, str | None], ...] = ()
        if keyword in _WITH_FLAGS:
            flags, rest = _flags(rest, self._escape)
        documents, following = self._heredocs(line, rest) if keyword in _WITH_HEREDOCS else ([], "")
        return Instruction(
            line=line,
            keyword=keyword,
            flags=flags,
            rest=rest,
            heredocs=tuple(documents),
            following=following,
            escape=self._escape,
        )

    def _heredocs(self, line: int, rest: str) -> tuple[list[Heredoc], str]:
        documents, written = [], ""
        for mark in heredoc_marks(rest, self._escape):
            contents, raw = self._contents(line, mark.group("name"), strip=bool(mark.group("strip")))
            expand = not mark.group("quote")
            documents.append(Heredoc(name=mark.group("name"), contents=contents, expand=expand))
            written += raw
        return documents, written

    def _contents(self, line: int, name: str, *, strip: bool) -> tuple[str, str]:
        contents = raw = ""
        while self._next < len(self._lines):
            text = self._lines[self._next]
            self._next += 1
            raw += text + "\n"
            shown = text.lstrip("\t") if strip else text
            if shown == name:
                return contents, raw
            contents += shown + "\n"
        raise DockerfileError(line, f"unterminated heredoc: no line says only {name}")


def heredoc_marks(text: str, escape: str) -> list[re.Match[str]]:
    """Find `<<NAME`, `<<-NAME` and `<<"NAME"` among the words of an instruction."""
    found = []
    for word in Words(text, escape).split():
        before, arrows, mark = word.partition("<<")
        if arrows and (not before or before.isdecimal()) and (match := _MARK.fullmatch(mark)):
            found.append(match)
    return found


def _flags(rest: str, escape: str) -> tuple[tuple[tuple[str, str | None], ...], str]:
    """Take `--name=value` words off the front."""
    flags: list[tuple[str, str | None]] = []
    while rest.startswith("--"):
        word, rest = Words(rest, escape).first()
        if word == "--":
            break
        name, equals, value = Words.unquoted(word[2:], escape).partition("=")
        flags.append((name, value if equals else None))
    return tuple(flags), rest
