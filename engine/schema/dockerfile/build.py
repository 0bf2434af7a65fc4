"""Build the stages of a Dockerfile that a target needs, side by side where they do not need each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio

from engine.core.container import Container
from engine.core.dockerfile.building import (
    DEFAULT_PATH,
    Building,
    arguments_of,
    configured,
    platform_arguments,
)
from engine.core.dockerfile.commands import Arg, Copy, Run, Workdir
from engine.core.dockerfile.error import DockerfileError
from engine.core.dockerfile.understanding import understood_later
from engine.core.dockerfile.variables import expanded
from engine.core.image_config import ImageConfig
from engine.core.platform import Platform
from engine.core.tree import Source
from engine.errors import EngineError, ExecError
from engine.schema import container_image
from engine.schema.dockerfile.copying import copied
from engine.schema.dockerfile.running import ran
from engine.schema.dockerfile.workdir import moved
from engine.solver.flights import Flights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyio.abc import TaskGroup

    from engine.core.dockerfile.commands import Placed
    from engine.core.dockerfile.stages import Dockerfile, Stage
    from engine.core.secret import Secret
    from engine.core.socket import Socket
    from engine.session.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be built."""

    dockerfile: Dockerfile
    context: Source
    """The build context, without what `.dockerignore` names."""
    platform: Platform
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    ssh: Socket | None = None
    init: bool = True


async def build(session: Session, request: Request, target: Stage) -> Container:
    """Build a stage and what it needs; raises EngineError with the line of the instruction that failed."""
    results: list[Container] = []
    errors: list[EngineError] = []
    async with anyio.create_task_group() as group:
        try:
            results.append(await Builder(session, request, group).stage(target))
        except EngineError as error:
            errors.append(error)
        group.cancel_scope.cancel()
    if errors:
        raise errors[0]
    return results[0]


class Builder:
    """One build. The state is `_done`, what became of each stage; it only grows."""

    def __init__(self, session: Session, request: Request, group: TaskGroup) -> None:
        self.session = session
        self.request = request
        self._group = group
        self._flights = Flights(group)
        self._done: dict[int, Container | EngineError] = {}
        outside = platform_arguments(session.platform, request.platform)
        steps = tuple(placed.step for placed in request.dockerfile.arguments if isinstance(placed.step, Arg))
        escape = request.dockerfile.stages[0].escape
        self._outside = arguments_of(steps, request.arguments, outside, escape)

    def __repr__(self) -> str:
        return f"<Builder {len(self._done)} of {len(self.request.dockerfile.stages)} stages>"

    async def stage(self, stage: Stage) -> Container:
        """Give a stage, built once; raises EngineError."""
        if stage.number not in self._done:
            await self._flights.join(str(stage.number), lambda: self._build(stage))
        done = self._done[stage.number]
        if isinstance(done, EngineError):
            raise done
        return done

    async def origin(self, name: str, stage: Stage) -> Source:
        """Give the files that `--from` names: of an earlier stage, or of an image."""
        found = self.request.dockerfile.find(name, before=stage.number)
        if found is not None:
            return Source(snapshot=(await self.stage(found)).rootfs)
        empty = Container(platform=self.request.platform)
        pulled: Container = await container_image.from_(self.session, empty, address=name)
        return Source(snapshot=pulled.rootfs)

    async def _build(self, stage: Stage) -> None:
        try:
            self._done[stage.number] = await self._built(stage)
        except EngineError as error:
            self._done[stage.number] = error

    async def _built(self, stage: Stage) -> Container:
        for name in _origins(stage):
            needed = self.request.dockerfile.find(name, before=stage.number)
            if needed is not None:
                self._group.start_soon(self._ahead, needed)
        building = await self._begun(stage)
        for placed in stage.steps:
            building = await self._step(building, placed, stage)
        return building.container

    async def _ahead(self, stage: Stage) -> None:
        """Build what will be needed; who needs it hears of its failure."""
        if stage.number not in self._done:
            await self._flights.join(str(stage.number), lambda: self._build(stage))

    async def _begun(self, stage: Stage) -> Building:
        try:
            base = expanded(stage.start.base, self._outside, escape=stage.escape)
            container = await self._base(stage, base)
        except DockerfileError:
            raise
        except EngineError as error:
            raise _placed(stage.line, error) from error
        triggers = container.config.on_build
        building = Building(
            container=container.with_config(on_build=()),
            given=self.request.arguments,
            outside={**self._outside, "TARGETSTAGE": stage.start.name or "default"},
            escape=stage.escape,
        )
        for text in triggers:
            building = await self._step(building, understood_later(text, stage.line, "\\"), stage)
        return building

    async def _base(self, stage: Stage, base: str) -> Container:
        chosen = expanded(stage.start.platform, self._outside, escape=stage.escape)
        platform = Platform.parse(chosen) if chosen else self.request.platform
        earlier = self.request.dockerfile.base(stage, base)
        if earlier is not None:
            return replace(await self.stage(earlier), executed=None)
        if base == "scratch":
            config = ImageConfig(env=(("PATH", DEFAULT_PATH),), workdir="/")
            return Container(platform=platform, config=config)
        pulled: Container = await container_image.from_(self.session, Container(platform=platform), address=base)
        if pulled.env_variable("PATH") is None:
            pulled = pulled.with_config(env=(*pulled.config.env, ("PATH", DEFAULT_PATH)))
        return pulled.changed()

    async def _step(self, building: Building, placed: Placed, stage: Stage) -> Building:
        try:
            return await self._carried_out(building, placed, stage)
        except (DockerfileError, ExecError):
            raise
        except EngineError as error:
            raise _placed(placed.line, error) from error

    async def _carried_out(self, building: Building, placed: Placed, stage: Stage) -> Building:
        match placed.step:
            case Run():
                return await ran(self, building, placed.step, stage)
            case Copy():
                return await copied(self, building, placed.step, stage)
            case Workdir():
                return await moved(self.session, building, placed.step)
        done = configured(building, placed.step)
        return building if done is None else done


def _origins(stage: Stage) -> list[str]:
    """What the stage's instructions copy from, and mount."""
    names = []
    for placed in stage.steps:
        if isinstance(placed.step, Copy):
            names.append(placed.step.origin)
        elif isinstance(placed.step, Run):
            names += [mount.get("from") for mount in placed.step.mounts]
    return [name for name in dict.fromkeys(names) if name]


def _placed(line: int, error: EngineError) -> EngineError:
    """Say where; an error keeps its kind where that is one of ours to tell."""
    kind = type(error) if type(error).__init__ is EngineError.__init__ else EngineError
    return kind(f"Dockerfile line {line}: {error}")
