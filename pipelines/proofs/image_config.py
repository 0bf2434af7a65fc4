"""Judge the configuration of an image: who runs what, what is said about it, and what its history tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipelines.proofs.leaks import leaks_in_text
from pipelines.proofs.verdict import Rule, hold

if TYPE_CHECKING:
    from collections.abc import Mapping

_LABEL = "org.opencontainers.image."
# `source` is not among them: a project need not be published anywhere.
LABELS = {
    "title": r".+",
    "version": r".+",
    "revision": r"[0-9a-f]{40}(-dirty)?",
    "created": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "base.name": r".+",
    "base.digest": r"sha256:[0-9a-f]{64}",
}
_SHELLS = re.compile(r"(^|/)(sh|bash|dash|ash|zsh|busybox)$")
_SECRET_NAME = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|PRIVATE|CREDENTIAL|API_?KEY|DATABASE_URL", re.IGNORECASE)
_WHOLE_TREE = re.compile(r"\bch(own|mod|grp)\s+(-\S+\s+)*(-[a-zA-Z]*R|--recursive)")


def config_rules(config: Mapping[str, Any]) -> list[Rule]:
    """Hold the rules of the configuration (OCI image-spec, config.md, and Docker's Healthcheck beside it)."""
    own = config.get("config", {})
    labels = own.get("Labels") or {}
    commands = [part for part in ("Entrypoint", "Cmd") if own.get(part) or part == "Entrypoint"]
    history = [entry.get("created_by", "") for entry in config.get("history", [])]
    variables = own.get("Env") or []
    return [
        hold("the user is a number other than root's", [own.get("User") or ""], _numeric),
        hold("the command is a program, not a shell", commands, lambda part: _command(part, own.get(part) or [])),
        hold("the healthcheck is a program, not a shell", [own.get("Healthcheck") or {}], _healthcheck),
        hold("every label is there and well formed", LABELS, lambda name: _label(name, labels)),
        hold("no variable holds a secret", variables, _variable),
        hold("no label holds a secret", labels.items(), lambda label: _leak(f"{label[0]}={label[1]}", "a label")),
        hold("no step of the history tells a secret", history, lambda step: _leak(step, "a step")),
        hold("no step of the history changes a whole tree", history, _whole_tree),
    ]


def _numeric(user: str) -> str:
    right = re.fullmatch(r"[1-9]\d*(:\d+)?", user)
    return "" if right else f"the user is {user or 'root, for none is named'!r}"


def _command(part: str, command: list[str]) -> str:
    if not command:
        return f"{part} is empty"
    if _SHELLS.search(command[0]):
        return f"{part} is {' '.join(command)!r}"
    return f"{part} is {command[0]!r}, which depends on PATH" if part == "Entrypoint" and command[0][0] != "/" else ""


def _healthcheck(check: Mapping[str, Any]) -> str:
    test = check.get("Test") or []
    if not test or test[0] == "NONE":
        return "there is none"
    right = test[0] == "CMD" and len(test) > 1 and not _SHELLS.search(test[1])
    return "" if right else f"it is {' '.join(test)!r}"


def _label(name: str, labels: Mapping[str, str]) -> str:
    value = labels.get(f"{_LABEL}{name}", "")
    return "" if re.fullmatch(LABELS[name], value) else f"{_LABEL}{name} is {value or 'missing'!r}"


def _variable(entry: str) -> str:
    name, _, value = entry.partition("=")
    if value and _SECRET_NAME.search(name):
        return f"the variable {name} has a value"
    return _leak(entry, f"the variable {name}")


def _leak(text: str, what: str) -> str:
    # What was found is not repeated: a report is read by more people than an image.
    return "; ".join(f"{what} holds {kind}" for kind in leaks_in_text(text))


def _whole_tree(step: str) -> str:
    return f"a step runs {step[:120]!r}" if _WHOLE_TREE.search(step) else ""
