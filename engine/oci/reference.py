"""Parse and print image references (the grammar of the distribution project, `reference/reference.go`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from engine.core.digest import Digest
from engine.errors import ImageError

_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"(?:{_COMPONENT}(?:\.{_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PATH_PART}(?:/{_PATH_PART})*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_HEX_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_LONGEST_PATH = 255

DOCKER_HUB = "docker.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where an image is: registry, repository, and a tag or a digest or both."""

    domain: str
    path: str
    tag: str | None = None
    digest: Digest | None = None

    @property
    def name(self) -> str:
        """Registry and repository."""
        return f"{self.domain}/{self.path}"

    def __str__(self) -> str:
        """Canonical form: `docker.io/library/debian:12@sha256:…`."""
        tag = f":{self.tag}" if self.tag else ""
        return self.name + tag + (f"@{self.digest}" if self.digest else "")

    @property
    def familiar(self) -> str:
        """As people write it: `debian:12`."""
        short = self.path.removeprefix("library/") if "/" not in self.path.removeprefix("library/") else self.path
        return (short if self.domain == DOCKER_HUB else self.name) + str(self).removeprefix(self.name)

    def tagged(self) -> Reference:
        """Say `latest` where neither tag nor digest is given."""
        return self if self.tag or self.digest else replace(self, tag="latest")

    def with_digest(self, digest: Digest) -> Reference:
        """Pin it."""
        return replace(self, digest=digest)


def parse_reference(address: str) -> Reference:
    """Parse and normalise an address; raises ImageError (`failed to parse image address X: …`)."""
    if re.fullmatch(r"[a-f0-9]{64}", address):
        raise _invalid(address, f"repository name ({address}), cannot specify 64-byte hexadecimal strings")
    name, at, digest = address.partition("@")
    name, tag = _split_tag(name)
    domain, path = _split_domain(name)
    if path != path.lower():
        raise _invalid(address, f"repository name ({path}) must be lowercase")
    if not _PATH.fullmatch(path) or not _HOST.fullmatch(domain) or not (tag is None or _TAG.fullmatch(tag)):
        raise _invalid(address)
    if at:
        _check_digest(address, digest)
    if len(path) > _LONGEST_PATH:
        raise _invalid(address, f"repository name must not be more than {_LONGEST_PATH} characters")
    return Reference(domain=domain, path=path, tag=tag, digest=Digest(digest) if at else None)


def _invalid(address: str, reason: str = "") -> ImageError:
    detail = f": {reason}" if reason else ""
    return ImageError(f"failed to parse image address {address}: invalid reference format{detail}")


def _split_tag(name: str) -> tuple[str, str | None]:
    """A colon after the last slash begins the tag; one before it, a port."""
    head, colon, tail = name.rpartition(":")
    return (head, tail) if colon and "/" not in tail else (name, None)


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    is_host = slash and (any(mark in first for mark in ".:") or first == "localhost" or first != first.lower())
    domain, path = (first, rest) if is_host else (DOCKER_HUB, name)
    if domain == "index.docker.io":
        domain = DOCKER_HUB
    if domain == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return domain, path


def _check_digest(address: str, digest: str) -> None:
    if not _DIGEST.fullmatch(digest):
        raise _invalid(address)
    algorithm, _, digits = digest.partition(":")
    if algorithm not in _HEX_DIGITS:
        raise ImageError(f"failed to parse image address {address}: unsupported digest algorithm")
    if not re.fullmatch(rf"[a-f0-9]{{{_HEX_DIGITS[algorithm]}}}", digits):
        raise ImageError(f"failed to parse image address {address}: invalid checksum digest length")
