"""What of a command's output goes into an error."""

from __future__ import annotations

LIMIT = 102_400
"""Bytes of each stream that an error keeps (dagger engine/engineutil/ref.go)."""


def tail(data: bytes, size: int | None = None) -> str:
    """The last bytes of a stream without surrounding space; says how many are missing in place of the first of them.

    `size`: of the whole stream, where `data` is only its last LIMIT bytes.
    """
    missing = (len(data) if size is None else size) - LIMIT
    if missing >= 0:  # as Dagger: output of just the limit gets the note too
        note = f"[omitting {missing} bytes]...".encode()
        data = note + data[-LIMIT:][len(note) :]
    return text(data.strip())


def text(data: bytes) -> str:
    """Bytes as text; what is not UTF-8 becomes U+FFFD, as Go's JSON encoding does."""
    return data.decode("utf-8", "replace")
