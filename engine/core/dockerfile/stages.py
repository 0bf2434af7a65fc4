"""A whole Dockerfile: arguments for all, then stages, and which of them a target needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.dockerfile.commands import Arg, From
from engine.core.dockerfile.error import DockerfileError
from engine.core.dockerfile.syntax import instructions
from engine.core.dockerfile.understanding import understood
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from engine.core.dockerfile.commands import Placed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What begins with one FROM."""

    number: int
    line: int
    start: From
    steps: tuple[Placed, ...]
    escape: str = "\\"

    @property
    def shown(self) -> str:
        """As messages name it."""
        return self.start.name or str(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """All stages, in order."""

    arguments: tuple[Placed, ...]
    """The ARG instructions before the first FROM."""
    stages: tuple[Stage, ...]

    def target(self, name: str) -> Stage:
        """Give the stage of that name or number, the last one for an empty name; raises InvalidRequest."""
        if not name:
            return self.stages[-1]
        stage = self.find(name, before=len(self.stages))
        if stage is None:
            raise InvalidRequest(f'target stage "{name}" could not be found in the Dockerfile')
        return stage

    def find(self, name: str, *, before: int) -> Stage | None:
        """Find a stage by name or number among those before a number; of two with one name the later."""
        for stage in reversed(self.stages[:before]):
            if stage.start.name and stage.start.name == name.lower():
                return stage
        if name.isdecimal() and int(name) < before:
            return self.stages[int(name)]
        return None

    def base(self, stage: Stage, base: str) -> Stage | None:
        """Find the stage that a stage begins with, by name only; None for an image."""
        return None if base.isdecimal() else self.find(base, before=stage.number)


def parse_dockerfile(text: str) -> Dockerfile:
    """Read a Dockerfile; raises DockerfileError, with the line."""
    arguments: list[Placed] = []
    starts: list[tuple[Placed, list[Placed]]] = []
    for placed in map(understood, instructions(text)):
        if isinstance(placed.step, From):
            starts.append((placed, []))
        elif starts:
            starts[-1][1].append(placed)
        elif isinstance(placed.step, Arg):
            arguments.append(placed)
        else:
            raise DockerfileError(placed.line, "no build stage in current context: only ARG may come before FROM")
    if not starts:
        raise InvalidRequest("the Dockerfile has no FROM: there is nothing to build")
    return Dockerfile(arguments=tuple(arguments), stages=tuple(_stage(*item) for item in enumerate(starts)))


def _stage(number: int, start: tuple[Placed, list[Placed]]) -> Stage:
    placed, steps = start
    assert isinstance(placed.step, From)  # noqa: S101 (for the type checker)
    return Stage(number=number, line=placed.line, start=placed.step, steps=tuple(steps), escape=placed.escape)
