"""Replace variables in a word of a Dockerfile, and take away its quotes, as BuildKit's shell lexer does.

Known are `$NAME`, `${NAME}`, and within braces `:-` `-` `:+` `+` `:?` `?` for missing values, `#` `##` `%` `%%` to cut
off what a pattern matches, `/` and `//` to replace it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*|[0-9]+|[@*#!?\-$]")
_OPERATION = re.compile(r":[-+?]|[-+?]|##|#|%%|%|//|/")


def expanded(word: str, variables: Mapping[str, str], *, escape: str = "\\") -> str:
    """Expand a word; raises InvalidRequest for what cannot be understood, and for `${NAME:?text}`."""
    return _Expansion(word, variables, escape).whole()


def expanded_text(text: str, variables: Mapping[str, str], *, escape: str = "\\") -> str:
    """Expand a text that keeps its quotes: a here-document."""
    return _Expansion(text, variables, escape, raw=True).whole()


def expanded_words(text: str, variables: Mapping[str, str], *, escape: str = "\\") -> list[str]:
    """Expand a text that may become several words, as a value with spaces does outside of quotes."""
    expansion = _Expansion(text, variables, escape, split=True)
    return [word for word in expansion.whole().split("\0") if word]


class _Expansion:
    """One pass over a text.

    With `split`, spaces that no quote holds together become NUL characters; in a `pattern` escapes stay.
    """

    def __init__(
        self,
        text: str,
        variables: Mapping[str, str],
        escape: str,
        *,
        raw: bool = False,
        split: bool = False,
        pattern: bool = False,
    ) -> None:
        self._text = text
        self._variables = variables
        self._escape = escape
        self._raw = raw
        self._split = split
        self._pattern = pattern
        self._position = 0

    def whole(self) -> str:
        result = ""
        while (character := self._peek()) is not None:
            if character in "\"'" and not self._raw:
                result += self._single() if character == "'" else self._double()
            elif character == "$":
                result += self._blanks(self._variable())
            elif character == self._escape:
                result += self._escaped()
            else:
                result += self._blanks(character)
                self._position += 1
        return result

    def _peek(self) -> str | None:
        return self._text[self._position] if self._position < len(self._text) else None

    def _following(self) -> str:
        return self._text[self._position + 1 : self._position + 2]

    def _blanks(self, text: str) -> str:
        return re.sub(r"\s", "\0", text) if self._split else text

    def _single(self) -> str:
        end = self._text.find("'", self._position + 1)
        if end < 0:
            raise InvalidRequest(f"unexpected end of statement while looking for matching single-quote in {self._text}")
        text, self._position = self._text[self._position + 1 : end], end + 1
        return text

    def _double(self) -> str:
        self._position += 1
        result = ""
        while (character := self._peek()) != '"':
            if character is None:
                raise InvalidRequest(
                    f"unexpected end of statement while looking for matching double-quote in {self._text}"
                )
            if character == "$":
                result += self._variable()
            elif character == self._escape and self._following() in ('"', "$", self._escape):
                result += self._following()
                self._position += 2
            else:
                result += character
                self._position += 1
        self._position += 1
        return result

    def _escaped(self) -> str:
        following = self._following()
        keeps = self._pattern or (self._raw and following not in ("$", self._escape))
        self._position += 2
        return self._escape + following if keeps else following

    def _variable(self) -> str:
        self._position += 1
        if self._peek() == "{":
            return self._braced()
        match = _NAME.match(self._text, self._position)
        if match is None:
            return "$"
        self._position = match.end()
        return self._variables.get(match.group(), "")

    def _braced(self) -> str:
        match = _NAME.match(self._text, self._position + 1)
        if match is None:
            raise InvalidRequest(f"bad substitution in {self._text}")
        name, self._position = match.group(), match.end()
        if self._peek() == "}":
            self._position += 1
            return self._variables.get(name, "")
        operation = _OPERATION.match(self._text, self._position)
        if operation is None:
            raise InvalidRequest(f"unsupported modifier in substitution of {name} in {self._text}")
        self._position = operation.end()
        return self._modified(name, operation.group(), self._argument())

    def _argument(self) -> str:
        """Take what follows the operation, up to the brace that closes it; as written."""
        start, depth = self._position, 1
        while (character := self._peek()) is not None:
            if character == self._escape:
                self._position += 1
            elif character == "{":
                depth += self._text[self._position - 1] == "$"
            elif character == "}":
                depth -= 1
                if not depth:
                    self._position += 1
                    return self._text[start : self._position - 1]
            self._position += 1
        raise InvalidRequest(f"syntax error: missing '}}' in {self._text}")

    def _modified(self, name: str, operation: str, argument: str) -> str:
        value = self._variables.get(name)
        if operation[-1] in "-+?" and operation != "--":
            there = value is not None and (value != "" or not operation.startswith(":"))
            return self._chosen(name, operation[-1], argument, value if there else None)
        if operation in ("/", "//"):
            pattern, _, replacement = argument.partition("/")
            found = re.compile(_expression(self._inner(pattern, pattern=True)))
            return found.sub(lambda _match: self._inner(replacement), value or "", count=operation == "/")
        return _cut(value or "", operation, self._inner(argument, pattern=True))

    def _chosen(self, name: str, kind: str, argument: str, value: str | None) -> str:
        if kind == "+":
            return self._inner(argument) if value is not None else ""
        if value is not None:
            return value
        if kind == "-":
            return self._inner(argument)
        raise InvalidRequest(f"{name}: {self._inner(argument) or 'is not allowed to be unset'}")

    def _inner(self, text: str, *, pattern: bool = False) -> str:
        return _Expansion(text, self._variables, self._escape, raw=self._raw, pattern=pattern).whole()


def _cut(value: str, operation: str, pattern: str) -> str:
    """Take away the shortest or longest prefix (`#`) or suffix (`%`) that a pattern matches."""
    lengths = range(len(value) + 1)
    expression = re.compile(_expression(pattern), re.DOTALL)
    for length in reversed(lengths) if len(operation) > 1 else lengths:
        if operation[0] == "#" and expression.fullmatch(value[:length]):
            return value[length:]
        if operation[0] == "%" and expression.fullmatch(value[len(value) - length :]):
            return value[: len(value) - length]
    return value


def _expression(text: str) -> str:
    """Translate `*` and `?`; a backslash takes their meaning away."""
    expression, position = "", 0
    while position < len(text):
        character = text[position]
        if character == "\\" and position + 1 < len(text):
            position += 1
            expression += re.escape(text[position])
        else:
            expression += {"*": ".*", "?": "."}.get(character) or re.escape(character)
        position += 1
    return expression
