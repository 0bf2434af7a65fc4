"""The life of services: started once, kept while they are used, stopped after."""

from __future__ import annotations

import signal
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from engine.core.container import Container
from engine.core.platform import Platform
from engine.core.service import ContainerService
from engine.errors import EngineError, ExecError
from engine.session.services import _MOVES, Instance, Services, State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.core.service import Service

WEB = ContainerService(container=Container(platform=Platform.parse("linux/amd64")), args=("srv",))
DB = ContainerService(container=Container(platform=Platform.parse("linux/amd64")), args=("db",))
FAILED = ExecError(command=["srv"], exit_code=3, stdout="out", stderr="err")


@dataclass(eq=False)
class _Live:
    """A service that does what a test says."""

    obeys: tuple[int, ...] = (signal.SIGTERM, signal.SIGKILL)
    address: str = "10.0.0.1"
    frontends: tuple[int, ...] = ()
    signals: list[int] = field(default_factory=list)
    may_be_healthy: anyio.Event = field(default_factory=anyio.Event)
    unhealthy: EngineError | None = None
    may_end: anyio.Event = field(default_factory=anyio.Event)
    how: EngineError = field(default_factory=lambda: EngineError("service exited before healthcheck"))

    async def healthy(self) -> None:
        await self.may_be_healthy.wait()
        if self.unhealthy:
            raise self.unhealthy

    async def wait(self) -> EngineError:
        await self.may_end.wait()
        return self.how

    def signal(self, number: int) -> None:
        self.signals.append(number)
        if number in self.obeys:
            self.may_end.set()


class _Launcher:
    """Launches what it was given, and notes what is up."""

    def __init__(self) -> None:
        self.launched: list[_Live] = []
        self.up = 0
        self.next: dict[str, object] = {}
        self.ready = True
        self.error: Exception | None = None
        self.may_launch = anyio.Event()
        self.may_launch.set()

    @asynccontextmanager
    async def launch(self, service: Service, services: Services) -> AsyncIterator[_Live]:
        await self.may_launch.wait()
        if self.error:
            raise self.error
        live = _Live(**self.next)  # type: ignore[arg-type]
        if self.ready:
            live.may_be_healthy.set()
        self.launched.append(live)
        self.up += 1
        try:
            yield live
        finally:
            self.up -= 1


@pytest.fixture
def launcher() -> _Launcher:
    return _Launcher()


@pytest.fixture
async def services(launcher: _Launcher) -> AsyncIterator[Services]:
    async with anyio.create_task_group() as group:
        yield Services(group=group, launcher=launcher, detach_grace=0.05, terminate_grace=0.05)  # type: ignore[arg-type]
        group.cancel_scope.cancel()


async def _until(what) -> None:  # type: ignore[no-untyped-def]
    with anyio.fail_after(5):
        while not what():  # noqa: ASYNC110 - a test's condition has no event
            await anyio.sleep(0.005)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("to", list(State))
def test_a_state_changes_only_along_the_table(state: State, to: State) -> None:
    services, instance = Services(group=None, launcher=None), Instance(WEB, state=state)  # type: ignore[arg-type]
    if to in _MOVES[state]:
        services._move(instance, to)
        assert instance.state is to
    else:
        with pytest.raises(AssertionError, match="a service cannot go from"):
            services._move(instance, to)


def test_what_has_ended_never_changes_again() -> None:
    assert not _MOVES[State.FAILED]
    assert not _MOVES[State.STOPPED]
    assert _MOVES.keys() == set(State)


async def test_users_of_one_service_share_an_instance(services: Services, launcher: _Launcher) -> None:
    async with services.held(WEB) as one, services.held(WEB) as other:
        assert one is other
        assert one.users == 2
    assert len(launcher.launched) == 1


async def test_users_at_the_same_time_start_one_instance(services: Services, launcher: _Launcher) -> None:
    launcher.ready = False
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(services.start, WEB)
        await _until(lambda: launcher.launched)
        launcher.launched[0].may_be_healthy.set()
    assert launcher.up == 1


async def test_a_user_waits_until_it_is_healthy(services: Services, launcher: _Launcher) -> None:
    launcher.ready = False
    with anyio.move_on_after(0.05) as scope:
        await services.start(WEB)
    assert scope.cancelled_caught
    assert services.running(WEB) is None


async def test_an_unused_service_stays_for_a_while_and_is_found_again(launcher: _Launcher) -> None:
    async with anyio.create_task_group() as group:
        services = Services(group=group, launcher=launcher, detach_grace=60)  # type: ignore[arg-type]
        async with services.held(WEB) as one:
            pass
        await anyio.sleep(0.05)
        async with services.held(WEB) as other:
            assert other is one
        assert launcher.launched[0].signals == []
        group.cancel_scope.cancel()


async def test_a_service_that_is_used_again_in_time_is_not_ended(services: Services, launcher: _Launcher) -> None:
    async with services.held(WEB):
        pass
    async with services.held(WEB):
        await anyio.sleep(0.1)
        assert launcher.launched[0].signals == []


async def test_an_unused_service_is_ended_after_a_while(services: Services, launcher: _Launcher) -> None:
    async with services.held(WEB):
        pass
    await _until(lambda: launcher.up == 0)
    assert launcher.launched[0].signals == [signal.SIGTERM]
    async with services.held(WEB):
        assert len(launcher.launched) == 2


async def test_a_service_that_does_not_end_is_killed(services: Services, launcher: _Launcher) -> None:
    launcher.next = {"obeys": (signal.SIGKILL,)}
    async with services.held(WEB):
        pass
    await _until(lambda: launcher.up == 0)
    assert launcher.launched[0].signals == [signal.SIGTERM, signal.SIGKILL]


async def test_a_started_service_stays_until_it_is_stopped(services: Services, launcher: _Launcher) -> None:
    for _ in range(2):
        await services.start(WEB)
    async with services.held(WEB):
        pass
    await anyio.sleep(0.1)
    assert services.running(WEB).users == 1  # type: ignore[union-attr]
    await services.stop(WEB)
    assert (launcher.up, launcher.launched[0].signals) == (0, [signal.SIGTERM])
    assert services.running(WEB) is None


async def test_stopping_kills_at_once_when_asked(services: Services, launcher: _Launcher) -> None:
    launcher.next = {"obeys": (signal.SIGKILL,)}
    await services.start(WEB)
    await services.stop(WEB, kill=True)
    assert launcher.launched[0].signals == [signal.SIGKILL]


async def test_stopping_waits_for_the_end(services: Services, launcher: _Launcher) -> None:
    launcher.next = {"obeys": ()}
    await services.start(WEB)
    with anyio.move_on_after(0.05) as scope:
        await services.stop(WEB)
    assert scope.cancelled_caught
    launcher.launched[0].may_end.set()
    await services.stop(WEB)
    assert launcher.up == 0


async def test_what_does_not_run_is_stopped_already(services: Services, launcher: _Launcher) -> None:
    await services.stop(WEB)
    assert launcher.launched == []


async def test_a_stopped_service_starts_again(services: Services, launcher: _Launcher) -> None:
    for _ in range(2):
        await services.start(WEB)
        await services.stop(WEB)
    assert len(launcher.launched) == 2


async def test_a_user_that_comes_while_it_stops_gets_a_new_one(services: Services, launcher: _Launcher) -> None:
    launcher.next = {"obeys": ()}
    await services.start(WEB)
    async with anyio.create_task_group() as group:
        group.start_soon(services.stop, WEB)
        await _until(lambda: launcher.launched[0].signals)
        group.start_soon(services.start, WEB)
        await anyio.sleep(0.02)
        assert len(launcher.launched) == 1
        launcher.launched[0].may_end.set()
    assert len(launcher.launched) == 2
    assert services.running(WEB)


async def test_a_service_that_is_stopped_while_it_starts_never_is_ready(
    services: Services, launcher: _Launcher
) -> None:
    launcher.may_launch = anyio.Event()
    errors = []

    async def start() -> None:
        try:
            await services.start(WEB)
        except EngineError as error:
            errors.append(str(error))

    async with anyio.create_task_group() as group:
        group.start_soon(start)
        await anyio.sleep(0.01)
        group.start_soon(services.stop, WEB)
        await anyio.sleep(0.01)
        launcher.may_launch.set()
    assert len(errors) == 1
    assert launcher.launched[0].signals == [signal.SIGTERM]
    assert launcher.up == 0


@pytest.mark.parametrize("error", [FAILED, EngineError("service exited before healthcheck")])
async def test_a_service_that_ends_before_it_is_healthy_says_how(
    services: Services, launcher: _Launcher, error: EngineError
) -> None:
    launcher.ready, launcher.next = False, {"how": error}
    async with anyio.create_task_group() as group:
        group.start_soon(_end_when_launched, launcher)
        with pytest.raises(EngineError) as caught:
            await services.start(WEB)
    assert str(caught.value) == str(error)


async def _end_when_launched(launcher: _Launcher) -> None:
    await _until(lambda: launcher.launched)
    launcher.launched[0].may_end.set()


async def test_a_service_that_never_gets_healthy_says_why_and_is_gone(services: Services, launcher: _Launcher) -> None:
    launcher.next = {"unhealthy": EngineError("health check errored: sick")}
    with pytest.raises(EngineError, match="sick"):
        await services.start(WEB)
    assert launcher.up == 0


async def test_a_service_that_failed_is_started_anew(services: Services, launcher: _Launcher) -> None:
    launcher.error = EngineError("no")
    with pytest.raises(EngineError, match="no"):
        await services.start(WEB)
    launcher.error = None
    await services.start(WEB)
    assert services.running(WEB)


async def test_a_fault_of_the_engine_fails_the_service_and_not_the_session(
    services: Services, launcher: _Launcher
) -> None:
    launcher.error = KeyError("fault")
    with pytest.raises(EngineError, match="internal error: KeyError"):
        await services.start(WEB)
    launcher.error = None
    await services.start(DB)


async def test_all_services_of_a_step_start_at_the_same_time(services: Services, launcher: _Launcher) -> None:
    launcher.ready = False

    async def let_go() -> None:
        await _until(lambda: len(launcher.launched) == 2)
        for live in launcher.launched:
            live.may_be_healthy.set()

    async with anyio.create_task_group() as group:
        group.start_soon(let_go)
        async with services.bound([("www", WEB), ("db", DB)]) as bound:
            assert bound.aliases == {"www": "10.0.0.1", "db": "10.0.0.1"}


async def test_a_service_may_be_bound_under_two_names(services: Services, launcher: _Launcher) -> None:
    async with services.bound([("www", WEB), ("web", WEB)]) as bound:
        assert set(bound.aliases) == {"www", "web"}
    assert len(launcher.launched) == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [(FAILED, "exit code: 3"), (EngineError("service exited before healthcheck"), "service exited before healthcheck")],
)
async def test_a_bound_service_that_does_not_start_is_named(
    services: Services, launcher: _Launcher, error: EngineError, message: str
) -> None:
    launcher.error = error
    with pytest.raises(type(error)) as caught:
        async with services.bound([("www", WEB)]):
            pass
    assert str(caught.value) == f"start {WEB.hostname} (aliased as www): {message}"
    assert caught.value.extensions == error.extensions


async def test_one_service_that_does_not_start_lets_the_others_go(services: Services, launcher: _Launcher) -> None:
    await services.start(WEB)
    launcher.error = EngineError("no")
    with pytest.raises(EngineError, match="aliased as db"):
        async with services.bound([("www", WEB), ("db", DB)]):
            pass
    assert services.running(WEB)
    assert services.running(WEB).users == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("how", "suffix"), [(FAILED, ": exit code: 3"), (EngineError("service exited before healthcheck"), "")]
)
async def test_a_bound_service_that_ends_is_told(
    services: Services, launcher: _Launcher, how: EngineError, suffix: str
) -> None:
    launcher.next = {"how": how}
    async with services.bound([("www", WEB)]) as bound:
        launcher.launched[0].may_end.set()
        with anyio.fail_after(5):
            assert str(await bound.lost()) == f"bound service {WEB.hostname} (aliased as www) exited{suffix}"


async def test_a_step_without_services_loses_none(services: Services) -> None:
    async with services.bound([]) as bound:
        with anyio.move_on_after(0.02) as scope:
            await bound.lost()
    assert scope.cancelled_caught


async def test_a_user_that_goes_away_while_it_starts_is_no_user_any_more(
    services: Services, launcher: _Launcher
) -> None:
    launcher.ready = False
    with anyio.move_on_after(0.02):
        await services.start(WEB)
    launcher.launched[0].may_be_healthy.set()
    await _until(lambda: launcher.up == 0)
