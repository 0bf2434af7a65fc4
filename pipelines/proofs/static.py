"""Judge what a running server handed out of the static files of its image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipelines.proofs.verdict import Proof, Rule, hold, same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME = "static"

_OK = 200
_NOT_FOUND = 404
_YEAR = 31_536_000
_DAY = 86_400
_BARE = re.compile(r"\.[0-9a-f]{12}$")
_PACKED = ("gzip", "br")

# What a browser needs to be told to use a file as what it is; other kinds of files may come with any type.
TYPES = {
    ".css": ("text/css",),
    ".js": ("text/javascript", "application/javascript"),
    ".mjs": ("text/javascript", "application/javascript"),
    ".json": ("application/json",),
    ".html": ("text/html",),
    ".txt": ("text/plain",),
    ".svg": ("image/svg+xml",),
    ".png": ("image/png",),
    ".gif": ("image/gif",),
    ".jpg": ("image/jpeg",),
    ".webp": ("image/webp",),
    ".ico": ("image/x-icon", "image/vnd.microsoft.icon"),
    ".woff": ("font/woff", "application/font-woff"),
    ".woff2": ("font/woff2",),
    ".ttf": ("font/ttf", "application/x-font-ttf", "application/octet-stream"),
    ".wasm": ("application/wasm",),
}
_TEXT = ("text/css", "text/javascript", "text/html")


def judge(facts: Mapping[str, Any]) -> Proof:
    """Hold the rules of static files against what `static_probe.py` saw."""
    manifest, held, answers = facts["manifest"], facts["held"], facts["answers"]
    plain = [answer for answer in answers if answer["asked"] == "identity"]
    came = [answer for answer in answers if answer["status"] == _OK]
    hashed = {name for source, name in manifest.items() if name != source}
    rules = (
        hold(
            "every entry of the manifest is a file of the image", [*manifest.items()], lambda entry: _there(entry, held)
        ),
        hold("every hashed name is the digest of its file", sorted(hashed), lambda name: _named(name, held)),
        hold("every compressed file unpacks to its file", _compressed(held), lambda pair: _unpacks(*pair, facts)),
        hold("every file is answered 200", plain, _answered),
        hold("every file has the type that browsers need", [one for one in plain if _known(one)], _typed),
        hold("every body has the bytes of the image's file", came, lambda answer: _intact(answer, held, facts)),
        *_caching(plain, hashed),
        *_encodings(answers, held),
        *_unknown(facts["unknown"]),
    )
    checked = {
        "entries": len(manifest),
        "files fetched": len(plain),
        "requests": len(answers) + len(facts["unknown"]),
        "bodies compared": len(came),
    }
    return Proof(name=NAME, rules=rules, checked=checked)


def _there(entry: tuple[str, str], held: Mapping[str, Any]) -> str:
    missing = [name for name in entry if not held.get(name)]
    return f"{' and '.join(missing)} is missing" if missing else ""


def _named(name: str, held: Mapping[str, Any]) -> str:
    # Django puts the first twelve digits of the content's MD5 before the suffix.
    digest = held.get(name, {}).get("md5", "")[:12]
    return "" if digest and f".{digest}" in name else f"{name} has the digest {digest or 'of no file'}"


def _compressed(held: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, encoding) for name in held for encoding in _PACKED if encoding in held[name]]


def _unpacks(name: str, encoding: str, facts: Mapping[str, Any]) -> str:
    if encoding == "br" and not facts["brotli"]:
        return ""
    found = facts["held"][name]
    return "" if found[f"{encoding}-plain"] == found["sha256"] else f"{name} ({encoding}): {found[f'{encoding}-plain']}"


def _answered(answer: Mapping[str, Any]) -> str:
    return "" if answer["status"] == _OK else f"{answer['name']} is answered {answer['status']}"


def _known(answer: Mapping[str, Any]) -> bool:
    return answer["status"] == _OK and _suffix(answer["name"]) in TYPES


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2]}"


def _typed(answer: Mapping[str, Any]) -> str:
    kind, _, parameters = answer["type"].partition(";")
    right = kind in TYPES[_suffix(answer["name"])] and (kind not in _TEXT or "utf-8" in parameters.lower())
    return "" if right else f"{answer['name']} has the type {answer['type']!r}"


def _intact(answer: Mapping[str, Any], held: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    file = held.get(answer["name"], {})
    by_file = answer["encoding"] == "br" and not facts["brotli"]
    right = answer["sha256"] == file.get("br") if by_file else answer["plain"] == file.get("sha256")
    return "" if right else f"{answer['name']} ({answer['asked']}) is not the image's file: {answer['plain']}"


def _caching(plain: Sequence[Mapping[str, Any]], hashed: set[str]) -> tuple[Rule, ...]:
    came = [answer for answer in plain if answer["status"] == _OK]
    # A name that is nothing but its digest after the last dot had no suffix, and WhiteNoise takes the digest for one.
    fixed = [answer for answer in came if answer["name"] in hashed and not _BARE.search(answer["name"])]
    moving = [answer for answer in came if answer["name"] not in hashed]
    return (
        hold("every hashed name may be kept for ever", fixed, lambda one: "" if _for_ever(one) else _cached(one)),
        hold("no other name may be kept for longer than a day", moving, lambda one: _cached(one) if _long(one) else ""),
    )


def _for_ever(answer: Mapping[str, Any]) -> bool:
    return "immutable" in answer["caching"] and _age(answer) >= _YEAR


def _long(answer: Mapping[str, Any]) -> bool:
    return "immutable" in answer["caching"] or _age(answer) > _DAY


def _cached(answer: Mapping[str, Any]) -> str:
    return f"{answer['name']} says Cache-Control: {answer['caching'] or '(nothing)'}"


def _age(answer: Mapping[str, Any]) -> int:
    age = re.search(r"max-age=(\d+)", answer["caching"])
    return int(age[1]) if age else 0


def _encodings(answers: Sequence[Mapping[str, Any]], held: Mapping[str, Any]) -> list[Rule]:
    def negotiated(answer: Mapping[str, Any]) -> str:
        expected = answer["asked"] if answer["asked"] in held.get(answer["name"], {}) else ""
        came = answer["encoding"]
        return "" if expected == came else f"{answer['name']} asked as {answer['asked']} came as {came or 'it is'}"

    came = [answer for answer in answers if answer["status"] == _OK]
    offered = [answer for answer in came if any(form in held.get(answer["name"], {}) for form in _PACKED)]
    return [
        *(
            hold(f"{form} is sent to who asks, where there is such a file", _asked(came, form, held), negotiated)
            for form in _PACKED
        ),
        hold("what was not asked for is not sent", [one for one in came if one["asked"] == "identity"], negotiated),
        hold("every file with a compressed form says Vary: Accept-Encoding", offered, _varies),
    ]


def _asked(answers: Sequence[Mapping[str, Any]], form: str, held: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [answer for answer in answers if answer["asked"] == form and form in held.get(answer["name"], {})]


def _varies(answer: Mapping[str, Any]) -> str:
    return "" if "accept-encoding" in answer["vary"].lower() else f"{answer['name']} says Vary: {answer['vary']!r}"


def _unknown(answers: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    def kept(answer: Mapping[str, Any]) -> str:
        cached = _age(answer) > 0 or any(word in answer["caching"] for word in ("immutable", "public"))
        return _cached(answer) if cached or answer["expires"] else ""

    return (
        *(same("an unknown hash is answered 404", _NOT_FOUND, answer["status"]) for answer in answers),
        hold("the answer to an unknown hash may not be kept", [one for one in answers if "caching" in one], kept),
    )
