"""The services of a session: each started once, kept while somebody uses it, stopped after.

Rule 1: every change of state happens in `_move`, along the table.
Rule 2: a service that nobody uses any more ends after a grace period, so that the next step finds it running.
"""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import anyio

from engine.core.service import TunnelService
from engine.errors import EngineError, ExecError
from engine.session.launch import KILL, TERMINATE, Launcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from anyio.abc import TaskGroup

    from engine.core.service import Service
    from engine.session.launch import Live

_log = logging.getLogger(__name__)

DETACH_GRACE = 10.0
"""Seconds that an unused service stays (dagger core/services.go, DetachGracePeriod)."""
TERMINATE_GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL for a service that nobody uses."""


class State(Enum):
    """Where a service is in its life."""

    STARTING = "starting"
    HEALTHY = "healthy"
    STOPPING = "stopping"
    FAILED = "failed"
    STOPPED = "stopped"


_MOVES = {
    State.STARTING: {State.HEALTHY, State.STOPPING, State.FAILED},
    State.HEALTHY: {State.STOPPING, State.FAILED, State.STOPPED},
    State.STOPPING: {State.STOPPED},
    State.FAILED: set(),
    State.STOPPED: set(),
}


@dataclass(slots=True, eq=False)
class Instance:
    """One life of a service."""

    service: Service
    state: State = State.STARTING
    users: int = 0
    started_by_hand: bool = False
    live: Live | None = None
    error: EngineError | None = None
    ready: anyio.Event = field(default_factory=anyio.Event)
    """Set when it is healthy, and when it never will be."""
    ended: anyio.Event = field(default_factory=anyio.Event)

    @property
    def address(self) -> str:
        """Where it is reached; it runs."""
        if self.live is None:
            raise EngineError("the service is not running")
        return self.live.address


@dataclass(frozen=True, slots=True)
class _Bound:
    instances: Mapping[str, Instance]

    @property
    def aliases(self) -> Mapping[str, str]:
        return {alias: instance.address for alias, instance in self.instances.items()}

    async def lost(self) -> EngineError:
        lost: list[EngineError] = []

        async def watch(alias: str, instance: Instance) -> None:
            await instance.ended.wait()
            lost.append(
                EngineError(f"bound service {_name(instance.service)} (aliased as {alias}) exited{_why(instance)}")
            )
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for alias, instance in self.instances.items():
                group.start_soon(watch, alias, instance)
            if not self.instances:
                await anyio.sleep_forever()
        return lost[0]


class Services:
    """The services that run, by identity; grace periods in seconds."""

    def __init__(
        self,
        *,
        group: TaskGroup,
        launcher: Launcher,
        detach_grace: float = DETACH_GRACE,
        terminate_grace: float = TERMINATE_GRACE,
    ) -> None:
        self._group = group
        self._launcher = launcher
        self._detach_grace = detach_grace
        self._terminate_grace = terminate_grace
        self._instances: dict[str, Instance] = {}

    def __repr__(self) -> str:
        states = [instance.state.value for instance in self._instances.values()]
        return f"<Services {states}>"

    @asynccontextmanager
    async def held(self, service: Service) -> AsyncIterator[Instance]:
        """Have a service running and healthy."""
        instance = await self._acquire(service)
        try:
            yield instance
        finally:
            self._release(instance)

    @asynccontextmanager
    async def bound(self, bindings: Sequence[tuple[str, Service]]) -> AsyncIterator[_Bound]:
        """Have every service of a step running and healthy; all start at the same time."""
        instances: dict[str, Instance] = {}
        async with AsyncExitStack() as stack:
            errors: list[EngineError] = []

            async def hold(alias: str, service: Service) -> None:
                try:
                    instance = await self._acquire(service)
                except EngineError as error:
                    errors.append(_prefixed(error, f"start {_name(service)} (aliased as {alias}): "))
                    group.cancel_scope.cancel()
                    return
                stack.callback(self._release, instance)
                instances[alias] = instance

            async with anyio.create_task_group() as group:
                for alias, service in bindings:
                    group.start_soon(hold, alias, service)
            if errors:
                raise errors[0]
            yield _Bound(instances)

    async def start(self, service: Service) -> None:
        """Start a service and keep it until `stop`; one that runs is left as it is."""
        instance = await self._acquire(service)
        if instance.started_by_hand:
            instance.users -= 1
        instance.started_by_hand = True

    async def stop(self, service: Service, *, kill: bool = False) -> None:
        """Stop a service and wait until it has ended; one that does not run is left alone."""
        instance = self._instances.get(service.identity)
        if instance is not None:
            self._ask_to_end(instance, KILL if kill else TERMINATE)
            await instance.ended.wait()

    def running(self, service: Service) -> Instance | None:
        """Give the life of a service that is healthy."""
        instance = self._instances.get(service.identity)
        return instance if instance is not None and instance.state is State.HEALTHY else None

    async def _acquire(self, service: Service) -> Instance:
        instance = self._instances.get(service.identity)
        while instance is not None and instance.state is State.STOPPING:
            await instance.ended.wait()
            instance = self._instances.get(service.identity)
        if instance is None:
            instance = self._instances[service.identity] = Instance(service)
            self._group.start_soon(self._live, instance)
        instance.users += 1
        try:
            await instance.ready.wait()
        except BaseException:
            self._release(instance)
            raise
        if instance.state is not State.HEALTHY:
            instance.users -= 1
            raise instance.error or EngineError("the service was stopped while it started")
        return instance

    def _release(self, instance: Instance) -> None:
        instance.users -= 1
        if instance.users == 0 and not instance.ended.is_set():
            self._group.start_soon(self._linger, instance)

    async def _linger(self, instance: Instance) -> None:
        await anyio.sleep(self._detach_grace)
        if instance.users or instance.ended.is_set():
            return
        self._ask_to_end(instance, TERMINATE)
        with anyio.move_on_after(self._terminate_grace):
            await instance.ended.wait()
        if not instance.ended.is_set():
            self._ask_to_end(instance, KILL)

    def _ask_to_end(self, instance: Instance, number: int) -> None:
        if instance.state in (State.STARTING, State.HEALTHY):
            self._move(instance, State.STOPPING)
        if instance.live is not None:
            instance.live.signal(number)

    async def _live(self, instance: Instance) -> None:
        try:
            async with self._launcher.launch(instance.service, self) as live:
                instance.live = live
                if instance.state is State.STOPPING:
                    live.signal(TERMINATE)
                instance.error = await self._until_end(instance, live)
        except EngineError as error:
            instance.error = error
        except Exception as error:  # noqa: BLE001 - a fault of the engine must not take the session along
            _log.exception("service %s failed", _name(instance.service))
            instance.error = EngineError(f"internal error: {type(error).__name__}: {error}")
        finally:
            self._end(instance)

    async def _until_end(self, instance: Instance, live: Live) -> EngineError | None:
        """Watch over a service that was launched; gives why it was never healthy, or how it ended."""
        failed: list[EngineError] = []
        ended: list[EngineError] = []

        async def health() -> None:
            try:
                await live.healthy()
            except EngineError as error:
                failed.append(error)
                group.cancel_scope.cancel()
                return
            if instance.state is State.STARTING:
                self._move(instance, State.HEALTHY)
                instance.ready.set()

        async with anyio.create_task_group() as group:
            group.start_soon(health)
            ended.append(await live.wait())
            group.cancel_scope.cancel()
        return (failed or ended)[0]

    def _end(self, instance: Instance) -> None:
        if self._instances.get(instance.service.identity) is instance:
            del self._instances[instance.service.identity]
        if instance.state is State.STARTING:
            self._move(instance, State.FAILED)
        elif instance.state in (State.HEALTHY, State.STOPPING):
            self._move(instance, State.STOPPED)
        instance.ready.set()
        instance.ended.set()

    def _move(self, instance: Instance, state: State) -> None:
        if state not in _MOVES[instance.state]:
            raise AssertionError(f"a service cannot go from {instance.state} to {state}")
        instance.state = state


def _name(service: Service) -> str:
    return "tunnel" if isinstance(service, TunnelService) else service.hostname


def _why(instance: Instance) -> str:
    return f": exit code: {instance.error.exit_code}" if isinstance(instance.error, ExecError) else ""


def _prefixed(error: EngineError, prefix: str) -> EngineError:
    if isinstance(error, ExecError):
        return ExecError(
            command=error.command, exit_code=error.exit_code, stdout=error.stdout, stderr=error.stderr, prefix=prefix
        )
    return EngineError(f"{prefix}{error}")
