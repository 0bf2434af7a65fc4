"""Tell whether this machine can run the engine."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from engine.doctor import examine, packages_to_install

if TYPE_CHECKING:
    from engine.commands.invocation import Invocation, Parser
    from engine.doctor import Check


def configure(parser: Parser) -> None:
    """Declare the form of the answer."""
    parser.add_argument("--json", action="store_true", help="print the checks as JSON")


def execute(invocation: Invocation) -> int:
    """Print every check; exit code 1 when something is missing."""
    checks = examine(invocation.settings.state)
    ok = all(check.ok for check in checks)
    text = _as_json(checks, ok=ok) if invocation.options.json else _as_text(checks)
    print(text)  # noqa: T201 (its purpose)
    return 0 if ok else 1


def _as_json(checks: list[Check], *, ok: bool) -> str:
    listed = [dataclasses.asdict(check) for check in checks]
    return json.dumps({"ok": ok, "checks": listed, "install": packages_to_install(checks)}, indent=2)


def _as_text(checks: list[Check]) -> str:
    width = max(len(check.name) for check in checks)
    lines = [f"{'ok' if check.ok else 'missing':<9}{check.name:<{width}}  {_said(check)}" for check in checks]
    packages = packages_to_install(checks)
    if packages:
        lines += [
            "",
            "install what is missing:",
            f"  apt-get install --yes --no-install-recommends {' '.join(packages)}",
        ]
    return "\n".join(lines)


def _said(check: Check) -> str:
    return check.detail if check.ok else f"{check.detail}: {check.remedy}"
