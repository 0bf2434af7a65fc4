"""How people write where a Git repository is."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from engine.errors import InvalidRequest

_SCHEMES = ("https", "http", "ssh", "git", "file")
_REMOTE_SCHEMES = ("https", "http", "ssh", "git")
_SHORT = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!//).+")  # git@host:path, gitrevisions' cousin in git-fetch(1), "GIT URLS"
_NO_SCHEME = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?/.+")
_USER = "x-access-token"
"""Whom a token stands for when no name comes with it; GitHub's own word, and others take any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitAddress:
    """A repository, and perhaps a name in it and a directory below."""

    url: str
    ref: str = ""
    directory: str = ""


def parse_git_url(text: str) -> str:
    """Give the URL to use, HTTPS where none is said; raises InvalidRequest for what is no address of a repository."""
    if text.startswith("-") or any(char.isspace() or ord(char) < ord(" ") for char in text):
        raise InvalidRequest(f"failed to parse Git URL: {text!r} is not the address of a repository")
    scheme, found, rest = text.partition("://")
    if found and scheme in _SCHEMES and rest.strip("/"):
        return text
    if not found and _NO_SCHEME.fullmatch(text):
        return f"https://{text}"
    if not found and _SHORT.fullmatch(text):
        return text
    raise InvalidRequest(
        f"failed to parse Git URL: {text!r}: it must be https://HOST/PATH, ssh://HOST/PATH, git@HOST:PATH, "
        "git://HOST/PATH or file:///PATH"
    )


def parse_git_address(text: str) -> GitAddress:
    """Take `URL#REF:DIRECTORY` apart."""
    url, _, fragment = text.partition("#")
    ref, _, directory = fragment.partition(":")
    return GitAddress(url=parse_git_url(url), ref=ref, directory=directory)


def is_git_address(text: str) -> bool:
    """Whether an address can only be that of a repository, where it might be a path of the host too."""
    scheme, found, _ = text.partition("://")
    return scheme in _REMOTE_SCHEMES if found else text.startswith("git@")


def without_password(url: str) -> tuple[str, str]:
    """Take name and password out of an HTTP URL: the URL without them, and the `Authorization` that they make."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.username is None:
        return url, ""
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return bare, basic(unquote(parts.username), unquote(parts.password or ""))


def basic(username: str, password: str) -> str:
    """Give the `Authorization` of a name and a password (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{username or _USER}:{password}".encode()).decode()


def relocated(url: str, host: str, port: int) -> str:
    """Give the URL of the same path on another host."""
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    return urlunsplit(parts._replace(netloc=f"{user}{host}:{port}"))
