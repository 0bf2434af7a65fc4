"""Read the schema's source text, and name its version without building it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

_FOLDER = Path(__file__).parent
_SHAPED_BY = ("schema.graphql", "legacy.py", "build.py")


def read_source() -> str:
    """Give the schema definition as written."""
    return (_FOLDER / "schema.graphql").read_text(encoding="utf-8")


def schema_digest() -> str:
    """Give a digest that changes whenever the answer to an introspection query may change."""
    digest = sha256()
    for name in _SHAPED_BY:
        digest.update((_FOLDER / name).read_bytes())
    return digest.hexdigest()
