"""Find the lines of a text that match, with the places of the matches in them, counted as ripgrep counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.tree import Submatch

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Lines that match; `offset` of their start in the text, in bytes."""

    line_number: int
    offset: int
    text: str
    submatches: tuple[Submatch, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    offset: int
    text: str


def matching_lines(text: str, expression: re.Pattern[str], *, multiline: bool) -> Iterator[Hit]:
    """Give what matches, in order; `multiline` lets a match go beyond the end of its line."""
    # Most files match nowhere, and one look at the whole is much faster than one at each line.
    if not expression.search(text):
        return
    if multiline and any("\n" in match.group() for match in expression.finditer(text)):
        yield from _blocks(text, expression)
        return
    for line in _lines(text):
        matches = list(expression.finditer(line.text.removesuffix("\n")))
        if matches:
            yield _hit(line, [(match.start(), match.end()) for match in matches])


def _lines(text: str) -> Iterator[_Line]:
    offset = 0
    for number, part in enumerate(re.findall(r"[^\n]*\n|[^\n]+", text), start=1):
        yield _Line(number, offset, part)
        offset += _size(part)


def _blocks(text: str, expression: re.Pattern[str]) -> Iterator[Hit]:
    """Give matches over several lines: those whose lines touch are one hit."""
    block: list[tuple[int, int]] = []
    start = end = 0
    for match in expression.finditer(text):
        first = text.rfind("\n", 0, match.start()) + 1
        if first == len(text):
            continue
        if block and first > end:
            yield _block(text, start, end, block)
            block = []
        if not block:
            start = first
        block.append(match.span())
        end = _end_of_line(text, match.start(), match.end())
    if block:
        yield _block(text, start, end, block)


def _end_of_line(text: str, start: int, end: int) -> int:
    """End of the line in which a match ends, its newline included."""
    if end > start and text[end - 1] == "\n":
        return end
    newline = text.find("\n", end)
    return len(text) if newline < 0 else newline + 1


def _block(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> Hit:
    line = _Line(text.count("\n", 0, start) + 1, _size(text[:start]), text[start:end])
    return _hit(line, [(first - start, last - start) for first, last in spans])


def _hit(line: _Line, spans: list[tuple[int, int]]) -> Hit:
    return Hit(
        line_number=line.number,
        offset=line.offset,
        text=line.text,
        submatches=tuple(_submatch(line.text, first, last) for first, last in spans),
    )


def _submatch(text: str, first: int, last: int) -> Submatch:
    start = _size(text[:first])
    return Submatch(text=text[first:last], start=start, end=start + _size(text[first:last]))


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
