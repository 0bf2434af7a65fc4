"""How a server ended: right facts pass, each wrong one breaks its own rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.proofs.shutdown import judge

READY = {"event": "ready", "at": 1.0, "command": ["python", "-m", "gunicorn", "x:y"], "children": [["a"]]}
SIGNAL = {"event": "signal", "at": 2.0, "held": ["a", "b"], "early": []}
ANSWER_A = {"event": "answer", "at": 3.0, "request": "a", "status": 400, "whole": True}
ANSWER_B = {"event": "answer", "at": 3.1, "request": "b", "status": 200, "whole": True}
ALIVE = {"event": "alive", "at": 3.5}
RIGHT: list[dict[str, Any]] = [READY, SIGNAL, ANSWER_A, ANSWER_B, ALIVE]


def broken(events: list[dict[str, Any]], code: int = 0) -> list[str]:
    proof = judge("".join(json.dumps(event) + "\n" for event in events), code)
    return [f"{rule.says}: {' '.join(rule.broken)}" for rule in proof.rules if not rule.ok]


def test_right_facts_pass() -> None:
    assert broken(RIGHT) == []


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([{**READY, "command": ["sh", "-c", "python -m gunicorn x:y"]}, *RIGHT[1:]], "process 1 is sh -c"),
        ([READY, {**SIGNAL, "early": ["a"]}, *RIGHT[2:]], "in flight when the signal comes"),
        ([READY, SIGNAL, ANSWER_A], "the request b came to no answer before the end"),
        ([READY, SIGNAL, ANSWER_A, {**ANSWER_B, "whole": False}], "the request b came to 200"),
        ([READY, SIGNAL, ANSWER_A, {**ANSWER_B, "status": "ConnectionResetError"}], "came to ConnectionResetError"),
        ([READY, SIGNAL, ANSWER_A, {**ANSWER_B, "status": 502}], "the request b came to 502"),
        ([*RIGHT, {"event": "alive", "at": 12.5}], "within 10 s"),
        ([*RIGHT, {"event": "still running", "at": 5.0}], "within 10 s"),
    ],
)
def test_each_wrong_fact_breaks_its_own_rule(events: list[dict[str, Any]], said: str) -> None:
    (found,) = broken(events)
    assert said in found


def test_another_exit_code_than_0_is_told() -> None:
    (found,) = broken(RIGHT, 3)
    assert "exit code 0: expected 0, came 3" in found


def test_a_server_that_never_came_is_told_with_its_exit_code() -> None:
    found = broken([], 1)
    assert "it ended before anything was seen of it" in found[0]
    assert "came 1" in found[-1]
