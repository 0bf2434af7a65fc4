"""Parse GraphQL documents as Dagger's clients write them: chains of hundreds of calls, whole files as strings."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from graphql import GraphQLSyntaxError, Lexer, Source, TokenKind
from graphql.language.parser import Parser

if TYPE_CHECKING:
    from graphql import DocumentNode, Token

DEEPEST = 2_000
"""How many selections may be nested: the longest chain of calls."""

FRAMES = DEEPEST * 20
"""Python frames that the deepest document may need to be executed."""

# A string whose escapes mean the same in JSON, up to its end; the possessive + keeps unterminated ones linear.
_PLAIN_STRING = re.compile(r'"(?:[^"\\\r\n]|\\["\\/bfnrt])*+"')
_decode = json.JSONDecoder(strict=False).decode


class _Lexer(Lexer):
    """Reads strings at the speed of C; the base class reads them by the character, 5 MB in a second."""

    def read_string(self, start: int) -> Token:
        found = _PLAIN_STRING.match(self.source.body, start)
        if found is None:
            return super().read_string(start)
        return self.create_token(TokenKind.STRING, start, found.end(), _decode(found.group()))


class _Parser(Parser):
    """Allows more nesting than the base class, which stops at 200."""

    def _enter_nesting(self) -> None:
        self._nesting_depth += 1
        if self._nesting_depth > DEEPEST:
            raise GraphQLSyntaxError(
                self._lexer.source, self._lexer.token.start, f"more than {DEEPEST} selections are nested."
            )


def parse_document(text: str) -> DocumentNode:
    """Parse a document; raises GraphQLSyntaxError. Needs a recursion limit of `FRAMES`."""
    source = Source(text)
    return _Parser(source, lexer=_Lexer(source)).parse_document()
