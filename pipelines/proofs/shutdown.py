"""Judge how a server ended that was told to stop with requests in flight."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipelines.proofs.verdict import Proof, Rule, hold, same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME = "shutdown"
SERVER = "gunicorn"
# What is between SIGTERM and SIGKILL where nobody says otherwise, in seconds.
GRACE = 10.0
_ANSWERS = range(200, 500)


def judge(journal: str, exit_code: int) -> Proof:
    """Hold the rules of an orderly end against what `shutdown_probe.py` wrote and how process 1 ended."""
    events = [json.loads(line) for line in journal.splitlines() if line.strip()]
    ready, signal = _first(events, "ready"), _first(events, "signal")
    answers = {event["request"]: event for event in events if event["event"] == "answer"}
    rules = [
        same("the server becomes healthy", expected=True, came=ready is not None, more=_said(events)),
        _process_one(ready or _first(events, "never ready") or {}),
    ]
    if signal:
        rules += [
            same("the requests are in flight when the signal comes", [], signal["early"]),
            hold("every request in flight is answered whole", signal["held"], lambda name: _answered(name, answers)),
            same(f"the server ends within {GRACE:.0f} s of SIGTERM", expected=True, came=_in_time(events, signal)),
        ]
    rules.append(same("the server ends with exit code 0", 0, exit_code))
    checked = {
        "requests in flight": len((signal or {}).get("held", [])),
        "signals": int(signal is not None),
        "processes seen": 1 + len((ready or {}).get("children", [])),
    }
    return Proof(name=NAME, rules=tuple(rules), checked=checked)


def _first(events: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    return next((event for event in events if event["event"] == name), None)


def _said(events: Sequence[Mapping[str, Any]]) -> str:
    return "" if events else ": it ended before anything was seen of it"


def _process_one(seen: Mapping[str, Any]) -> Rule:
    command: Sequence[str] = seen.get("command", [])
    # A shell that starts the server names it too, but inside of one argument.
    right = SERVER in command or any(word.endswith(f"/{SERVER}") for word in command[:2])
    broken = () if right else (f"process 1 is {' '.join(command) or 'unknown'}",)
    return Rule(says=f"process 1 is {SERVER}", checked=1, broken=broken)


def _answered(name: str, answers: Mapping[str, Mapping[str, Any]]) -> str:
    answer = answers.get(name, {"status": "no answer before the end"})
    right = answer["status"] in _ANSWERS and answer.get("whole")
    return "" if right else f"the request {name} came to {answer['status']}"


def _in_time(events: Sequence[Mapping[str, Any]], signal: Mapping[str, Any]) -> bool:
    late = any(event["event"] in ("still running", "survived") for event in events)
    return not late and float(events[-1]["at"]) - float(signal["at"]) <= GRACE
