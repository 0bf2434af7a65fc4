"""Files fetched over HTTP: what is asked for, and what came."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from engine.core.file import checked_length, checked_name
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from engine.core.digest import Digest

_NO_NAME = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One file to fetch."""

    url: str
    authorization: str = field(default="", repr=False)
    """Value of the `Authorization` header."""
    etag: str = ""
    """What is known already; the answer may be that it still holds (RFC 9110, 13.1.2)."""
    via: tuple[str, int] | None = None
    """Where to connect instead of the host that the URL names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came, or what was known and still holds."""

    digest: Digest
    modified: int = 0
    """`Last-Modified` in seconds since 1970; 0 when the server does not say."""
    etag: str = ""


def checked_url(url: str) -> str:
    """Give the URL back; raises InvalidRequest when it is none that HTTP can fetch."""
    try:
        parts = urlsplit(url)
        named = parts.scheme.lower() in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError as error:
        raise InvalidRequest(f"cannot fetch {url!r}: {error}") from error
    if not named:
        raise InvalidRequest(
            f"cannot fetch {shown_url(url)}: only http:// and https:// URLs with a host can be fetched"
        )
    return url


def shown_url(url: str) -> str:
    """Give the URL as messages may show it: without a user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def file_name(url: str) -> str:
    """Name the file of a URL: its last path element, or `index`; raises InvalidRequest for what is no file name."""
    name = posixpath.basename(unquote(urlsplit(url).path).rstrip("/"))
    return checked_length(checked_name(name or _NO_NAME))
