"""Remember the answers to introspection queries, between sessions too: making one takes longer than starting."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LONGEST_QUERY = 16 * 1024
_KEPT = 32


class IntrospectionCache:
    """Answers by request, for one version of the schema. Never fails: without a usable directory it only forgets."""

    def __init__(self, *, directory: Path, schema_digest: str) -> None:
        self._directory = directory
        self._schema_digest = schema_digest
        self._answers: dict[str, bytes] = {}

    def key(self, request: Mapping[str, object]) -> str | None:
        """Name the request, None when it cannot be an introspection query."""
        query = request.get("query")
        if not isinstance(query, str) or len(query) > _LONGEST_QUERY or "__" not in query:
            return None
        parts = [self._schema_digest, query, request.get("variables"), request.get("operationName")]
        return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def get(self, key: str) -> bytes | None:
        """Give the remembered body."""
        if key not in self._answers:
            try:
                self._answers[key] = (self._directory / key).read_bytes()
            except OSError:
                return None
        return self._answers[key]

    def put(self, key: str, body: bytes) -> None:
        """Remember a body."""
        self._answers[key] = body
        written = self._directory / f".{key}.{token_hex(8)}"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            written.write_bytes(body)
            written.rename(self._directory / key)
            self._forget_oldest()
        except OSError:
            with suppress(OSError):
                written.unlink()

    def _forget_oldest(self) -> None:
        kept = sorted(self._directory.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[_KEPT:]:
            path.unlink(missing_ok=True)
