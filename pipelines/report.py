"""Say what a run came to: text for people, JSON for machines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pipelines.archive import ArchivedImage
    from pipelines.outcome import Outcome

_UNITS = ("B", "kB", "MB", "GB")
_KILO = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLine:
    """One layer of the built image.

    `cached`: the last build's image had the very same layer. No engine says which step it ran; what it made does.
    """

    holds: str
    bytes: int
    digest: str
    cached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What `build` made."""

    digest: str
    archive: str
    bytes: int
    seconds: float
    revision: str
    layers: tuple[LayerLine, ...]
    notes: tuple[str, ...] = ()


def build_report(
    image: ArchivedImage,
    *,
    archive: Path,
    holds: Sequence[str],
    previous: Iterable[str],
    seconds: float,
    revision: str,
    notes: Sequence[str],
) -> BuildReport:
    """Combine what is in the archive with what its layers are for; `holds` names the last layers, bottom to top."""
    known = set(previous)
    below = len(image.layers) - len(holds)
    names = [*(layer.created_by or "base" for layer in image.layers[: max(below, 0)]), *holds]
    return BuildReport(
        digest=image.digest,
        archive=str(archive),
        bytes=image.size,
        seconds=round(seconds, 2),
        revision=revision,
        layers=tuple(
            LayerLine(holds=name, bytes=layer.size, digest=layer.digest, cached=layer.digest in known)
            for name, layer in zip(names, image.layers, strict=True)
        ),
        notes=tuple(notes),
    )


def previous_layers(path: Path) -> list[str]:
    """Return the digests of the last build's layers; none where there was no build, or its report cannot be read."""
    try:
        return [layer["digest"] for layer in json.loads(path.read_text())["layers"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_report(report: BuildReport, path: Path) -> None:
    """Write the report, beside first and then renamed."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(as_json(report) + "\n")
    partial.rename(path)


def as_json(value: BuildReport | Sequence[Outcome]) -> str:
    """Print as JSON."""
    plain: Mapping[str, Any] = (
        asdict(value)
        if isinstance(value, BuildReport)
        else {"ok": all(outcome.ok for outcome in value), "outcomes": [asdict(outcome) for outcome in value]}
    )
    return json.dumps(plain, indent=2)


def build_text(report: BuildReport) -> str:
    """Print a build for people."""
    width = max(len(layer.holds) for layer in report.layers)
    lines = [
        f"image    {report.digest}",
        f"archive  {report.archive}",
        f"revision {report.revision or '-'}",
        f"size     {size(report.bytes)} in {len(report.layers)} layers",
        *(
            f"  {layer.holds:<{width}}  {size(layer.bytes):>9}  {'cached' if layer.cached else 'run'}"
            for layer in report.layers
        ),
        f"time     {report.seconds:.1f} s",
    ]
    return "\n".join([*(f"note: {note}" for note in report.notes), *lines])


def outcomes_text(outcomes: Sequence[Outcome]) -> str:
    """Print a check or a smoke test for people, what failed with its whole detail."""
    lines = []
    for outcome in outcomes:
        lines.append(f"{'ok  ' if outcome.ok else 'FAIL'}  {outcome.step} ({outcome.seconds:.1f} s)")
        lines += [f"      {line}" for line in outcome.detail.splitlines()]
    failed = sum(not outcome.ok for outcome in outcomes)
    return "\n".join([*lines, f"{len(outcomes) - failed} passed, {failed} failed"])


def size(number: int) -> str:
    """Print bytes as people read them: decimal units, as registries count."""
    value = float(number)
    for unit in _UNITS:
        if value < _KILO or unit == _UNITS[-1]:
            break
        value /= _KILO
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
