"""Judge an image by its archive: size, layers, contents, configuration, history. No container runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipelines.proofs.image_config import config_rules
from pipelines.proofs.verdict import Proof, Rule, hold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.archive import ArchivedImage
    from pipelines.proofs.layer_contents import Entry, LayerContents

NAME = "layers"
BUDGET = 60_000_000

# Debian's own: without them nobody becomes another user or changes a password.
SPECIAL_BITS = {
    "usr/bin/chage": 0o2755,
    "usr/bin/chfn": 0o4755,
    "usr/bin/chsh": 0o4755,
    "usr/bin/expiry": 0o2755,
    "usr/bin/gpasswd": 0o4755,
    "usr/bin/mount": 0o4755,
    "usr/bin/newgrp": 0o4755,
    "usr/bin/passwd": 0o4755,
    "usr/bin/su": 0o4755,
    "usr/bin/umount": 0o4755,
    "usr/sbin/unix_chkpwd": 0o2755,
    "var/local": 0o2775,
    "var/mail": 0o2775,
}
_SETID = 0o6000
_WHITEOUT = ".wh."

# What builds or tests software, and what only a checkout has.
_TOOLS = re.compile(
    r"(^|/)(pip3?(\.\d+)?|uv|uvx|poetry|gcc(-\d+)?|g\+\+(-\d+)?|cc|c\+\+|clang(-\d+)?|ld|make|git|cargo|rustc|npm|node)$"
)
_PROGRAMS = re.compile(r"(^|/)s?bin/")
_LEFT_OVER = re.compile(
    r"(^|/)(\.git|\.hg|\.svn|\.venv|node_modules|\.pytest_cache|\.mypy_cache|\.ruff_cache)(/|$)"
    r"|^app/(.*/)?(tests?/.+|test_[^/]*\.py|conftest\.py|uv\.lock)$"
    r"|^root/\.cache/.|^var/cache/apt/.+\.(deb|bin)$|^var/lib/apt/lists/.+"
    r"|/site-packages/(pip|setuptools|uv|pytest)/"
)
_NOT_TESTS = re.compile(r"^app/(.*/)?settings/")


def judge(image: ArchivedImage, layers: Sequence[LayerContents], *, budget: int = BUDGET) -> Proof:
    """Hold the rules of an image at rest against its archive."""
    entries = [entry for layer in layers for entry in layer.entries]
    scanned = sum(layer.scanned for layer in layers)
    leaks = tuple(leak for layer in layers for leak in layer.leaks)
    rules = (
        _within(image.size, budget),
        _once(layers),
        hold("no layer removes what a lower one brought", entries, _removed),
        _unchanged(layers),
        Rule(says="no file holds a secret", checked=len(entries), broken=leaks),
        hold("no tool of the build is left", entries, _tool),
        hold("no test, cache or checkout is left", entries, _left_over),
        hold("no file gains rights when it is run, but Debian's own", entries, _gains),
        *config_rules(image.config),
    )
    checked = {
        "layers": len(layers),
        "paths": len(entries),
        "bytes compressed": image.size,
        "bytes searched": scanned,
        "fields of the configuration": _fields(image.config),
    }
    return Proof(name=NAME, rules=rules, checked=checked)


def _within(size: int, budget: int) -> Rule:
    broken = () if size <= budget else (f"the layers have {size} bytes, {size - budget} more than the budget",)
    return Rule(says=f"the layers have no more than {budget // 1_000_000} MB", checked=1, broken=broken)


def _once(layers: Sequence[LayerContents]) -> Rule:
    """Hold that no path but a directory is in two layers, and count the bytes that are there for nothing."""
    holders: dict[str, list[Entry]] = {}
    for layer in layers:
        for entry in layer.entries:
            if not entry.is_directory:
                holders.setdefault(entry.path, []).append(entry)
    broken = tuple(
        f"{path} is in {len(found)} layers, {sum(entry.size for entry in found[:-1])} bytes for nothing"
        for path, found in holders.items()
        if len(found) > 1
    )
    return Rule(says="no file is in two layers", checked=len(holders), broken=broken)


def _removed(entry: Entry) -> str:
    return f"{entry.path} hides a file of a lower layer" if entry.path.rpartition("/")[2].startswith(_WHITEOUT) else ""


def _unchanged(layers: Sequence[LayerContents]) -> Rule:
    """Hold that no layer gives a lower one's directory another owner or mode: `chown -R` and its like."""
    first: dict[str, Entry] = {}
    repeated: list[tuple[Entry, Entry]] = []
    for layer in layers:
        for entry in layer.entries:
            if entry.is_directory and entry.path in first:
                repeated.append((first[entry.path], entry))
            first.setdefault(entry.path, entry)
    return hold("no layer changes owner or mode of a lower layer's directory", repeated, _changed)


def _changed(pair: tuple[Entry, Entry]) -> str:
    before, after = ((entry.owner, entry.mode & 0o7777) for entry in pair)
    return "" if before == after else f"{pair[0].path or '/'} was {_said(*before)} and becomes {_said(*after)}"


def _said(owner: tuple[int, int], mode: int) -> str:
    return f"{owner[0]}:{owner[1]} {mode:o}"


def _tool(entry: Entry) -> str:
    return f"{entry.path} is a tool" if _PROGRAMS.search(entry.path) and _TOOLS.search(entry.path) else ""


def _left_over(entry: Entry) -> str:
    left = _LEFT_OVER.search(entry.path) and not _NOT_TESTS.search(entry.path)
    return f"{entry.path} has no use in an image" if left else ""


def _gains(entry: Entry) -> str:
    if entry.capable:
        return f"{entry.path} has capabilities"
    if entry.is_link or not entry.mode & _SETID or SPECIAL_BITS.get(entry.path) == entry.mode & 0o7777:
        return ""
    return f"{entry.path} has mode {entry.mode & 0o7777:o}"


def _fields(config: Mapping[str, Any]) -> int:
    return len(config.get("config", {})) + len(config.get("history", []))
