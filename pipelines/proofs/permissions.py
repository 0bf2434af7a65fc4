"""Judge what which user may write to in an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.proofs.verdict import Proof, Rule, hold, same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME = "permissions"

# The base's own: anybody may write there, and nobody may touch what is another's.
SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - these are the names
# What a server is promised besides what the image declares.
_PROMISED = ("/tmp", "/dev/shm")  # noqa: S108
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A way to run the image, and where its user must be able to write.

    `directories` must be writable; `trees` may be, with all that is below them; nothing else of the image may.
    """

    name: str
    user: tuple[int, int]
    directories: tuple[str, ...]
    trees: tuple[str, ...] = ()
    empty_media: bool = False


def judge(cases: Sequence[tuple[Case, Mapping[str, Any]]]) -> Proof:
    """Hold the rules of every case against what `permissions_probe.py` saw in it."""
    rules = [rule for case, facts in cases for rule in _case(case, facts)]
    first = cases[0][1]
    everything = sum(facts["directories"] + facts["files"] for _, facts in cases)
    checked = {
        "directories": first["directories"],
        "files": first["files"],
        "users and mounts": len(cases),
        "questions to the kernel": everything,
        "files made": sum(len(facts["tried"]) for _, facts in cases),
    }
    return Proof(name=NAME, rules=tuple(rules), checked=checked)


def _case(case: Case, facts: Mapping[str, Any]) -> list[Rule]:
    open_now = set(facts["writable directories"])
    expected = {*case.directories, *_PROMISED}
    found = [*facts["writable directories"], *facts["writable files"]]
    looked = facts["directories"] + facts["files"]
    others = [path for path in found if not _allowed(path, case)]
    rules = [
        same(f"{case.name}: it runs as {case.user[0]}:{case.user[1]}", list(case.user), facts["user"]),
        hold(
            f"{case.name}: what is declared is writable",
            sorted(expected),
            lambda path: _unwritable(path, open_now, facts["tried"]),
        ),
        Rule(says=f"{case.name}: nothing else is writable", checked=looked, broken=tuple(others)),
    ]
    if case.empty_media:
        rules.append(same(f"{case.name}: the volume is empty", [], facts["media"]))
    if "server" in facts:
        rules += _served(case, facts["server"])
    else:
        # Modes are the same in every case; under a read-only root they are beside the point.
        open_to_all = tuple(facts["open to all"])
        rules.append(Rule(says=f"{case.name}: no mode lets everybody write", checked=looked, broken=open_to_all))
    return rules


def _unwritable(path: str, found: set[str], tried: Mapping[str, str]) -> str:
    if path not in found:
        return f"{path} is not writable"
    return f"{path} says that it is writable, but {tried[path]}" if tried[path] else ""


def _allowed(path: str, case: Case) -> bool:
    exactly = (*case.directories, *SHARED)
    return path in exactly or any(path == tree or path.startswith(f"{tree}/") for tree in case.trees)


def _served(case: Case, server: Mapping[str, Any]) -> list[Rule]:
    said = f"; its last words: {' | '.join(server['lines'][-3:])}" if server["health"] != _OK else ""
    return [
        same(f"{case.name}: the server becomes healthy", _OK, server["health"], said),
        same(f"{case.name}: the server ends on SIGTERM with exit code 0", 0, server["exit_code"]),
    ]
