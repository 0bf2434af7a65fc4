"""How each kind of service runs: a container, a way in from the host, a way out to the host."""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import anyio

from engine.core.output import LIMIT, text
from engine.core.port import Protocol as Transport
from engine.core.service import ContainerService, HostService, TunnelService
from engine.errors import EngineError, ExecError
from engine.solver.stage import Start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from engine.core.image_config import Healthcheck
    from engine.core.service import Service
    from engine.session.services import Services
    from engine.solver.ports import Capture, Captures, Network, Progress, Running, Runtime
    from engine.solver.stage import Stager

_FIRST_WAIT, _LONGEST_WAIT, _WHOLE_WAIT = 0.05, 2.0, 900.0
"""Seconds between two dials, growing, and before a port that never opens is given up."""
_NANO = 1_000_000_000
_INTERVAL, _RETRIES = 5 * _NANO, 3


class Live(Protocol):
    """A service that runs."""

    @property
    def address(self) -> str:
        """Where it is reached: an address inside the network, or `127.0.0.1` for a tunnel."""

    @property
    def frontends(self) -> tuple[int, ...]:
        """Ports of the host that a tunnel listens on."""

    async def healthy(self) -> None:
        """Return when it can be used; raises EngineError when it never will."""

    async def wait(self) -> EngineError:
        """Return when it ended by itself: what to tell who needed it to be ready."""

    def signal(self, number: int) -> None:
        """Ask it to end."""


@dataclass(slots=True, eq=False)
class _ContainerLive:
    service: ContainerService
    running: Running
    capture: Capture
    network: Network
    address: str
    clean: Callable[[], Capture]
    """Makes a capture for what else runs in the container and may know its secrets."""
    frontends: tuple[int, ...] = ()

    async def healthy(self) -> None:
        check = self.service.container.config.healthcheck
        if check is not None and check.test:
            await self._checked(check)
            return
        for port in self.service.ports:
            if not port.experimental_skip_healthcheck and port.protocol is Transport.TCP:
                await self._open(port.port)

    async def _open(self, port: int) -> None:
        wait = _FIRST_WAIT
        with anyio.move_on_after(_WHOLE_WAIT):
            while not await self.network.dial(self.address, port):
                await anyio.sleep(wait)
                wait = min(wait * 1.5, _LONGEST_WAIT)
            return
        raise EngineError(f"checking for port {port}/tcp: nothing listens after {_WHOLE_WAIT:.0f} seconds")

    async def _checked(self, check: Healthcheck) -> None:
        if check.test[0] == "NONE":
            raise EngineError("failed to setup docker healthcheck: container does not have a healthcheck command")
        args = ("/bin/sh", "-c", check.args[0]) if check.shell else check.args
        begun, failures = anyio.current_time(), 0
        while True:
            code, stdout, stderr = await self.running.exec(args)
            if code == 0:
                return
            starting = anyio.current_time() - begun < check.start_period / _NANO
            failures += not starting
            if failures >= (check.retries or _RETRIES):
                with closing(self.clean()) as capture:
                    capture.write("stdout", stdout)
                    capture.write("stderr", stderr)
                    raise _failure(args, code, capture)
            interval = (check.start_interval if starting else 0) or check.interval or _INTERVAL
            await anyio.sleep(interval / _NANO)

    async def wait(self) -> EngineError:
        code = await self.running.wait()
        if code == 0:
            return EngineError("service exited before healthcheck")
        return _failure(self.service.args, code, self.capture)

    def signal(self, number: int) -> None:
        self.running.signal(number)


def _failure(args: Sequence[str], code: int, capture: Capture) -> ExecError:
    stdout, stderr = (text(capture.end(name, LIMIT)) for name in ("stdout", "stderr"))
    return ExecError(command=args, exit_code=code, stdout=stdout, stderr=stderr)


@dataclass(slots=True, eq=False)
class _PassiveLive:
    """A forwarding: healthy as soon as it listens, ended when its upstream ends or it is told to."""

    address: str
    frontends: tuple[int, ...]
    upstream: anyio.Event
    told: anyio.Event

    async def healthy(self) -> None:
        return

    async def wait(self) -> EngineError:
        async with anyio.create_task_group() as group:
            for event in (self.upstream, self.told):
                group.start_soon(_then_cancel, event, group.cancel_scope)
        return EngineError("the service that it leads to has ended")

    def signal(self, number: int) -> None:
        del number
        self.told.set()


async def _then_cancel(event: anyio.Event, scope: anyio.CancelScope) -> None:
    await event.wait()
    scope.cancel()


class Launcher:
    """Starts services."""

    def __init__(
        self, *, stager: Stager, runtime: Runtime, network: Network, captures: Captures, progress: Progress
    ) -> None:
        self._stager = stager
        self._runtime = runtime
        self._network = network
        self._captures = captures
        self._progress = progress

    @asynccontextmanager
    async def launch(self, service: Service, services: Services) -> AsyncIterator[Live]:
        """Have a service started; it is gone on exit."""
        match service:
            case ContainerService():
                launched = self._container(service, services)
            case TunnelService():
                launched = self._tunnel(service, services)
            case HostService():
                launched = self._host(service)
        async with launched as live:
            yield live

    @asynccontextmanager
    async def _container(self, service: ContainerService, services: Services) -> AsyncIterator[Live]:
        step = self._progress.started(f"service {service.hostname}")
        async with AsyncExitStack() as stack:
            bound = await stack.enter_async_context(services.bound(service.container.bindings))
            start = Start(
                args=service.args,
                hostname=service.full_hostname,
                aliases=bound.aliases,
                init=service.init,
                privileged=service.privileged,
            )
            stage = await stack.enter_async_context(self._stager.stage(service.container, start))
            make = partial(self._captures, secrets=stage.secrets, redirects={})
            capture = stack.enter_context(closing(make(live=step.output)))
            running = await stack.enter_async_context(self._runtime.start(stage.process, capture))
            self._network.publish(service.hostname, stage.address)
            stack.callback(self._network.withdraw, service.hostname)
            stack.callback(step.done)
            clean = partial(make, live=lambda *_: None)
            yield _ContainerLive(service, running, capture, self._network, stage.address, clean)

    @asynccontextmanager
    async def _tunnel(self, service: TunnelService, services: Services) -> AsyncIterator[Live]:
        async with AsyncExitStack() as stack:
            upstream = await stack.enter_async_context(services.held(service.upstream))
            frontends = []
            for forward in service.forwards:
                tunnel = self._network.tunnel(forward.frontend or 0, upstream.address, forward.backend)
                frontends.append(await stack.enter_async_context(tunnel))
            yield _PassiveLive("127.0.0.1", tuple(frontends), upstream.ended, anyio.Event())

    @asynccontextmanager
    async def _host(self, service: HostService) -> AsyncIterator[Live]:
        ports = [(forward.frontend or forward.backend, service.host, forward.backend) for forward in service.forwards]
        async with self._network.reverse(ports) as address:
            self._network.publish(service.hostname, address)
            try:
                yield _PassiveLive(address, (), anyio.Event(), anyio.Event())
            finally:
                self._network.withdraw(service.hostname)


TERMINATE, KILL = signal.SIGTERM, signal.SIGKILL
