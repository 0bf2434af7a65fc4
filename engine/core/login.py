"""What a registry asks for before it lets someone in."""

from __future__ import annotations

from dataclasses import dataclass, field

_HUB = "docker.io"
_FIRST_FREE_PORT = 1024
_HUB_NAMES = frozenset({"", "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Name and password for one registry."""

    host: str
    username: str
    password: str = field(repr=False)


def registry_host(address: str) -> str:
    """Give the registry that an address belongs to: `ghcr.io/x/y:1` → `ghcr.io`, `debian` → `docker.io`."""
    first, slash, _ = (address.partition("://")[2] or address).partition("/")
    name, colon, end = first.partition(":")
    # Without a slash, what follows the colon is a port (registry:5000) or a tag (debian:12).
    has_port = colon and (slash or name == "localhost" or "." in name or _looks_like_a_port(end))
    if has_port or name == "localhost" or "." in name:
        return _HUB if first in _HUB_NAMES else first
    return _HUB


def _looks_like_a_port(text: str) -> bool:
    return text in ("80", "443") or (text.isdigit() and int(text) >= _FIRST_FREE_PORT)
