"""What which user may write to: right facts pass, each wrong one breaks its own rule."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.proofs.permissions import Case, judge

USER = Case(name="user", user=(1000, 1000), directories=("/app/media",), trees=("/app/media",))
FACTS: dict[str, Any] = {
    "user": [1000, 1000],
    "groups": [],
    "directories": 20,
    "files": 30,
    "writable directories": ["/tmp", "/dev/shm", "/var/tmp", "/app/media", "/app/media/a"],
    "writable files": ["/app/media/a/b"],
    "tried": {"/tmp": "", "/dev/shm": "", "/var/tmp": "", "/app/media": "", "/app/media/a": ""},
    "open to all": [],
    "media": [],
}


def broken(facts: dict[str, Any], case: Case = USER) -> list[str]:
    return [
        f"{rule.says}: {' '.join(rule.broken)}" for rule in judge([(case, {**FACTS, **facts})]).rules if not rule.ok
    ]


def test_right_facts_pass_and_are_counted() -> None:
    proof = judge([(USER, FACTS), (USER, FACTS)])
    assert proof.ok
    assert proof.checked["questions to the kernel"] == 100
    assert proof.checked["users and mounts"] == 2


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"user": [0, 0]}, "it runs as 1000:1000"),
        ({"writable directories": ["/tmp", "/dev/shm"]}, "what is declared is writable: /app/media is not"),
        ({"writable directories": ["/tmp", "/app/media"]}, "what is declared is writable: /dev/shm is not"),
        ({"tried": {**FACTS["tried"], "/tmp": "OSError: full"}}, "/tmp says that it is writable, but OSError: full"),
        ({"writable directories": [*FACTS["writable directories"], "/app"]}, "nothing else is writable: /app"),
        ({"writable directories": [*FACTS["writable directories"], "/app/media2"]}, "nothing else is writable"),
        ({"writable files": ["/app/manage.py"]}, "nothing else is writable: /app/manage.py"),
        ({"writable files": ["/tmp/left"]}, "nothing else is writable: /tmp/left"),
        ({"open to all": ["/etc/passwd"]}, "no mode lets everybody write: /etc/passwd"),
    ],
)
def test_each_wrong_fact_breaks_its_own_rule(facts: dict[str, Any], said: str) -> None:
    (found,) = broken(facts)
    assert said in found


def test_a_volume_that_is_not_empty_and_a_server_that_fails_are_told() -> None:
    case = Case(name="volume", user=(1000, 1000), directories=("/app/media",), trees=("/app/media",), empty_media=True)
    (found,) = broken({"media": ["old"]}, case)
    assert "the volume is empty" in found
    server = {"health": "no answer", "exit_code": 1, "lines": ["a", "Read-only file system"]}
    assert any("its last words: a | Read-only file system" in said for said in broken({"server": server}))
