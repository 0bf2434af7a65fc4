"""What a registry asks for before it lets someone in."""

from __future__ import annotations

from dataclasses import dataclass, field

_HUB = "docker.io"
_HUB_NAMES = frozenset({"", "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Name and password for one registry."""

    host: str
    username: str
    password: str = field(repr=False)


def registry_host(address: str) -> str:
    """Give the registry that an address belongs to: `ghcr.io/x/y:1` → `ghcr.io`, `debian` → `docker.io`."""
    rest = address.partition("://")[2] or address
    first, slash, _ = rest.partition("/")
    is_host = any(mark in first for mark in ".:") or first == "localhost"
    if not is_host or (not slash and ":" in first and not first.rpartition(":")[2].isdigit()):
        return _HUB
    return _HUB if first in _HUB_NAMES else first
