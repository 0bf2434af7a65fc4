"""Unix sockets of the host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """A socket by its path on the host."""

    host_path: str
