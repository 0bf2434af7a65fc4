"""Turn a value into its digest: canonical JSON, then SHA-256."""

from __future__ import annotations

import hashlib
import json
from typing import NewType

Digest = NewType("Digest", str)
"""`sha256:` and 64 hexadecimal digits, as in the OCI image specification (descriptor.md, "Digests")."""


def canonical(value: object) -> bytes:
    """Give the one JSON text that stands for `value`: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogateescape"
    )


def digest_of(value: object) -> Digest:
    """Digest of the canonical JSON of `value`."""
    return digest_of_bytes(canonical(value))


def digest_of_bytes(data: bytes) -> Digest:
    """Digest of the bytes themselves."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())
