"""What of a command's output goes into an error."""

from __future__ import annotations

LIMIT = 102_400
"""Bytes of each stream that an error keeps (dagger engine/engineutil/ref.go)."""


def tail(data: bytes) -> str:
    """The last bytes of a stream without surrounding space; says how many are missing in place of the first of them."""
    missing = len(data) - LIMIT
    if missing > 0:
        note = f"[omitting {missing} bytes]...".encode()
        data = note + data[-LIMIT:][len(note) :]
    return text(data.strip())


def text(data: bytes) -> str:
    """Bytes as text; what is not UTF-8 becomes U+FFFD, as Go's JSON encoding does."""
    return data.decode("utf-8", "replace")
