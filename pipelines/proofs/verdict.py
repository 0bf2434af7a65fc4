"""What a proof came to: its rules, how much each was held against, and what broke them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Subject = TypeVar("Subject")

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One sentence that must be true of each of `checked` things; `broken` says of which it is not, and why."""

    says: str
    checked: int
    broken: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True where something was looked at and all of it was right: a rule that met nothing has proved nothing."""
        return self.checked > 0 and not self.broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The rules of one proof; `checked` counts what was looked at, by what it is."""

    name: str
    rules: tuple[Rule, ...]
    checked: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """True where every rule holds."""
        return bool(self.rules) and all(rule.ok for rule in self.rules)


def hold(says: str, subjects: Iterable[Subject], complaint: Callable[[Subject], str]) -> Rule:
    """Hold a rule against every subject; `complaint` says what is wrong with one, or nothing."""
    complaints = [complaint(subject) for subject in subjects]
    return Rule(says=says, checked=len(complaints), broken=tuple(said for said in complaints if said))


def same(says: str, expected: object, came: object, more: str = "") -> Rule:
    """Hold that one value is the expected one."""
    broken = () if expected == came else (f"expected {expected!r}, came {came!r}{more}",)
    return Rule(says=says, checked=1, broken=broken)


def unseen(name: str, reason: str) -> Proof:
    """Tell of a proof whose look did not come about: that is a failure, not an absence of one."""
    return Proof(name=name, rules=(Rule(says="the image could be looked at", checked=1, broken=(reason,)),))


def as_json(digest: str, proofs: Sequence[Proof]) -> str:
    """Print as JSON; `digest` is that of the image which was proved."""
    told = [
        {"name": proof.name, "ok": proof.ok, "seconds": round(proof.seconds, 2), "checked": dict(proof.checked)}
        | {"rules": [asdict(rule) | {"ok": rule.ok} for rule in proof.rules]}
        for proof in proofs
    ]
    return json.dumps({"ok": all(proof.ok for proof in proofs), "digest": digest, "proofs": told}, indent=2)


def as_text(digest: str, proofs: Sequence[Proof]) -> str:
    """Print for people: every rule with its count, and the first things that broke it."""
    lines = [f"image {digest}"]
    for proof in proofs:
        counts = ", ".join(f"{number} {what}" for what, number in proof.checked.items())
        lines.append(f"{_word(ok=proof.ok)}  {proof.name} ({proof.seconds:.1f} s): {counts or 'nothing was seen'}")
        for rule in proof.rules:
            lines.append(f"  {_word(ok=rule.ok)}  {rule.says} [{rule.checked}]")
            lines += [f"          {said}" for said in _told(rule)]
    failed = sum(not proof.ok for proof in proofs)
    return "\n".join([*lines, f"{len(proofs) - failed} proved, {failed} failed"])


def _told(rule: Rule) -> list[str]:
    if not rule.checked:
        return ["nothing was there to be looked at"]
    rest = len(rule.broken) - _SHOWN
    return [*rule.broken[:_SHOWN], *([f"and {rest} more"] if rest > 0 else [])]


def _word(*, ok: bool) -> str:
    return "ok  " if ok else "FAIL"
