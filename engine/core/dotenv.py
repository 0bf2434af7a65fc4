"""Values of dotenv files as a shell reads them: words, quotes, escapes and references (dagger core/dotenv)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELL = re.compile(r"[`\"'\\]|\$[A-Za-z_{(]")
_REFERENCE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?=])(.*))?", re.DOTALL)
_ESCAPED_IN_QUOTES = '"\\$`'
_ENDS_A_COMMAND = ";&|"


def evaluate(value: str, lookup: Callable[[str], str]) -> str:
    """Give what a value means; `lookup` gives a variable, the empty text for one that is not set.

    Raises InvalidRequest for a reference to what is not set, and for what is no value.
    """
    if not _SHELL.search(value):
        return value
    return _Reader(value, lookup).words()


@dataclass(slots=True)
class _Word:
    """A word in the making: fields that are done, and the one that is growing."""

    fields: list[str]
    growing: str = ""
    started: bool = False

    def add(self, text: str) -> None:
        self.growing += text
        self.started = True

    def split(self, text: str) -> None:
        """Add what a reference without quotes gave: blanks in it end fields."""
        parts = re.split(r"[ \t\n]+", text)
        for part in parts[:-1]:
            self.growing += part
            self.end()
        self.growing += parts[-1]

    def end(self) -> None:
        if self.started or self.growing:
            self.fields.append(self.growing)
        self.growing, self.started = "", False


class _Reader:
    """One pass over a value."""

    def __init__(self, text: str, lookup: Callable[[str], str]) -> None:
        self._text = text
        self._at = 0
        self._lookup = lookup

    def words(self) -> str:
        """Read all words of the command; one blank stands between them."""
        word = _Word([])
        while self._at < len(self._text):
            character = self._take()
            if character in " \t":
                word.end()
            elif character in _ENDS_A_COMMAND or (character == "#" and self._at_the_start_of_a_word()):
                break
            elif character in "()<>":
                raise InvalidRequest(f"parse error: {self._text!r}: {character} has no meaning in a value")
            elif character == "$":
                word.split(self._reference())
            else:
                word.add(self._piece(character))
        word.end()
        return " ".join(word.fields)

    def _take(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _at_the_start_of_a_word(self) -> bool:
        return self._at > 1 and self._text[self._at - 2] in " \t"

    def _piece(self, character: str) -> str:
        match character:
            case "\\":
                return self._take() if self._at < len(self._text) else "\\"
            case "'":
                return self._until("'")
            case '"':
                return self._quoted()
            case "`":
                raise InvalidRequest(f"{self._text!r} runs a command, which a value may not")
        return character

    def _until(self, end: str) -> str:
        stop = self._text.find(end, self._at)
        if stop < 0:
            raise InvalidRequest(f"parse error: {self._text!r}: reached the end without closing {end}")
        found, self._at = self._text[self._at : stop], stop + 1
        return found

    def _quoted(self) -> str:
        found = ""
        while self._at < len(self._text):
            character = self._take()
            if character == '"':
                return found
            if character == "\\":
                following = self._text[self._at : self._at + 1]
                found += self._take() if following and following in _ESCAPED_IN_QUOTES else character
            elif character == "$":
                found += self._reference()
            else:
                found += self._piece(character) if character == "`" else character
        raise InvalidRequest(f'parse error: {self._text!r}: reached the end without closing "')

    def _reference(self) -> str:
        rest = self._text[self._at :]
        if rest.startswith("("):
            raise InvalidRequest(f"{self._text!r} runs a command, which a value may not")
        if rest.startswith("{"):
            self._at += 1
            return self._braced(self._until("}"))
        name = _NAME.match(rest)
        if name is None:
            return "$"
        self._at += name.end()
        return self._set(name[0])

    def _braced(self, inside: str) -> str:
        match = _REFERENCE.fullmatch(inside)
        if match is None:
            raise InvalidRequest(f"parse error: {self._text!r}: ${{{inside}}} is no reference")
        name, operator, word = match.groups()
        if operator is None:
            return self._set(name)
        value = self._lookup(name)
        match operator[-1]:
            case "+":
                return evaluate(word, self._lookup) if value else ""
            case "?" if not value:
                raise InvalidRequest(f"{name}: {word or 'not set'}")
        return value or evaluate(word, self._lookup)

    def _set(self, name: str) -> str:
        value = self._lookup(name)
        if not value:
            raise InvalidRequest(f"{name}: unbound variable")
        return value
