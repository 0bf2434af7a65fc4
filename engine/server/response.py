"""What the endpoint answers, and who answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP answer with a JSON body."""

    status: int
    body: bytes


class Handler(Protocol):
    """Answers GraphQL requests; may be asked many at once."""

    async def execute(self, request: Mapping[str, object]) -> Response:
        """Answer one request: `query`, and perhaps `variables` and `operationName`."""


def json_response(value: object, *, status: int = 200) -> Response:
    """Write a value as JSON, whatever text is in it."""
    try:
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half a surrogate pair, as in a file name that is not UTF-8
        body = json.dumps(value, separators=(",", ":")).encode()
    return Response(status=status, body=body)


def error_response(message: str, *, status: int = 200, extensions: Mapping[str, object] | None = None) -> Response:
    """Answer with one error and no data."""
    error = {"message": message, "extensions": extensions} if extensions else {"message": message}
    return json_response({"errors": [error], "data": None}, status=status)
