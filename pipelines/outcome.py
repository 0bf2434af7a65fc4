"""What one step of a check or a smoke test came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One step with its verdict; `detail` says what was expected and what came when it is not `ok`."""

    step: str
    ok: bool
    seconds: float = 0.0
    detail: str = ""
