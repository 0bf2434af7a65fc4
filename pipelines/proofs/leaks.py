"""Tell what must not be published: by the form that a secret has, and by the name of the file that holds one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

# What the build puts before its throwaway values, so that they can be told from everything else.
THROWAWAY = "throwaway-"


@dataclass(frozen=True, slots=True)
class _Form:
    """What a kind of secret looks like; one of `words` is in all that match, and is found ten times as fast."""

    kind: str
    words: tuple[bytes, ...]
    pattern: re.Pattern[bytes]

    def is_in(self, content: bytes) -> bool:
        return any(word in content for word in self.words) and self.pattern.search(content) is not None


_ASSIGNED = (b"DJANGO_SECRET_KEY", b"DJANGO_SUPERUSER_PASSWORD", b"AWS_SECRET_ACCESS_KEY", b"POSTGRES_PASSWORD")
_TOKENS = (b"AKIA", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"glpat-", b"xox", b"pypi-AgEI", b"sk_live_")
_FORMS = (
    _Form(
        "a throwaway value of the build",
        (b"build.invalid", THROWAWAY.encode()),
        re.compile(rb"build\.invalid|throwaway-[A-Za-z0-9_-]{60,}"),
    ),
    _Form(
        "a private key",
        (b"PRIVATE KEY",),
        re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\\n|\s)+[A-Za-z0-9+/=\s\\:,-]{64}"),
    ),
    _Form("a secret key of Django", (b"django-insecure-",), re.compile(rb"django-insecure-[^\s\"'\\]{40,}")),
    _Form(
        "a secret in an assignment",
        _ASSIGNED,
        re.compile(rb"(?:%s)['\"]?[ \t]*[=:][ \t]*['\"]?[A-Za-z0-9_+/=!@#%%^&*.-]{12,}" % b"|".join(_ASSIGNED)),
    ),
    _Form(
        "a token of a hosting service",
        _TOKENS,
        re.compile(
            rb"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20}|xox[abpr]-[0-9A-Za-z-]{20,}"
            rb"|pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}|sk_live_[0-9A-Za-z]{24})"
        ),
    ),
)
# Documentation of the dependencies is full of addresses like this; the project's own files have no reason to be.
_OWN = ("app/",)
_ADDRESS = re.compile(rb"[a-z][a-z0-9+]{2,}://[^\s:/@\"'{}$<>]+:(?![A-Z_]+@|\*+@)[^\s@/\"'{}$<>]{6,}@[^\s/\"']")
_NAMES = re.compile(
    r"^(\.env(\..+)?|\.netrc|\.pypirc|\.npmrc|\.pgpass|\.git-credentials|id_(rsa|dsa|ecdsa|ed25519)|.+\.(key|p12|pfx))$"
)
_NAMES_ALLOWED = re.compile(r"^\.env\.(example|sample|template)$")


def leaks_in(path: str, content: bytes) -> list[str]:
    """Return the kinds of secrets that a file seems to hold."""
    name = PurePosixPath(path).name
    found = [f"a file that holds secrets ({name})"] if _NAMES.match(name) and not _NAMES_ALLOWED.match(name) else []
    found += [form.kind for form in _FORMS if form.is_in(content)]
    if path.startswith(_OWN) and _ADDRESS.search(content):
        found.append("an address with a password")
    return found


def leaks_in_text(text: str) -> list[str]:
    """Return the kinds of secrets in a line of a history or a configuration."""
    content = text.encode()
    found = [form.kind for form in _FORMS if form.is_in(content)]
    return [*found, "an address with a password"] if _ADDRESS.search(content) else found
