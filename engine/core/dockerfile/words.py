"""Split a line of a Dockerfile into words; quotes and escapes hold a word together."""

from __future__ import annotations

import json


class Words:
    """The words of a text, as they are written: quotes and escapes stay in them."""

    __slots__ = ("_escape", "_text")

    def __init__(self, text: str, escape: str = "\\") -> None:
        self._text = text
        self._escape = escape

    def split(self) -> list[str]:
        """Give all words."""
        words = []
        rest = self._text.strip()
        while rest:
            word, rest = Words(rest, self._escape).first()
            words.append(word)
        return words

    def first(self) -> tuple[str, str]:
        """Give the first word, and what follows it."""
        text = self._text.lstrip()
        end = self._end(text)
        return text[:end], text[end:].lstrip()

    def _end(self, text: str) -> int:
        quote, position = "", 0
        while position < len(text):
            character = text[position]
            if character == self._escape and quote != "'":
                position += 1
            elif quote:
                quote = "" if character == quote else quote
            elif character in "\"'":
                quote = character
            elif character.isspace():
                return position
            position += 1
        return len(text)

    @staticmethod
    def unquoted(word: str, escape: str) -> str:
        """Give a word without its quotes and escapes."""
        result, quote, position = "", "", 0
        while position < len(word):
            character = word[position]
            if character == escape and quote != "'" and position + 1 < len(word):
                position += 1
                result += word[position]
            elif quote:
                result += "" if character == quote else character
                quote = "" if character == quote else quote
            elif character in "\"'":
                quote = character
            else:
                result += character
            position += 1
        return result


def json_list(text: str) -> tuple[str, ...] | None:
    """Read the exec form, a JSON list of strings; None for anything else, which is then the shell form."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value)
