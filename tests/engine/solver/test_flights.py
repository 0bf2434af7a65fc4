"""One run per key, however many ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from engine.errors import EngineError
from engine.solver.flights import Flights

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def flights() -> AsyncIterator[Flights]:
    async with anyio.create_task_group() as group:
        yield Flights(group)
        group.cancel_scope.cancel()


class _Work:
    """Something to run, that ends when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.may_end = anyio.Event()
        self.error: Exception | None = None

    async def run(self) -> str:
        self.begun += 1
        try:
            await self.may_end.wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise
        if self.error:
            raise self.error
        return f"run {self.begun}"


async def _settled() -> None:
    for _ in range(10):
        await anyio.lowlevel.checkpoint()


async def test_those_who_ask_at_the_same_time_share_one_run(flights: Flights) -> None:
    work, answers = _Work(), []

    async def ask() -> None:
        answers.append(await flights.join("key", work.run))

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(ask)
        await _settled()
        work.may_end.set()
    assert answers == ["run 1"] * 3


async def test_who_asks_later_starts_another_run(flights: Flights) -> None:
    work = _Work()
    work.may_end.set()
    assert [await flights.join("key", work.run) for _ in range(2)] == ["run 1", "run 2"]


async def test_other_keys_run_beside(flights: Flights) -> None:
    one, other = _Work(), _Work()
    other.may_end.set()
    async with anyio.create_task_group() as group:
        group.start_soon(flights.join, "one", one.run)
        await _settled()
        assert await flights.join("other", other.run) == "run 1"
        one.may_end.set()


async def test_an_error_reaches_everyone_and_is_not_kept(flights: Flights) -> None:
    work, errors = _Work(), []
    work.error = EngineError("no")

    async def ask() -> None:
        try:
            await flights.join("key", work.run)
        except EngineError as error:
            errors.append(str(error))

    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(ask)
        await _settled()
        work.may_end.set()
    assert errors == ["no", "no"]
    work.error = None
    assert await flights.join("key", work.run) == "run 2"


async def test_a_run_goes_on_while_anybody_waits(flights: Flights) -> None:
    work, answers = _Work(), []

    async def stay() -> None:
        answers.append(await flights.join("key", work.run))

    async with anyio.create_task_group() as staying:
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(flights.join, "key", work.run)
            staying.start_soon(stay)
            await _settled()
            leaving.cancel_scope.cancel()
        await _settled()
        work.may_end.set()
    assert (answers, work.cancelled) == (["run 1"], 0)


async def test_a_run_is_cancelled_when_the_last_one_leaves(flights: Flights) -> None:
    work = _Work()
    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(flights.join, "key", work.run)
        await _settled()
        group.cancel_scope.cancel()
    await _settled()
    assert (work.begun, work.cancelled) == (1, 1)


async def test_who_asks_while_a_run_is_being_cancelled_gets_one_of_their_own(flights: Flights) -> None:
    slow = anyio.Event()

    async def slow_to_end() -> str:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await slow.wait()
        return "never"

    async with anyio.create_task_group() as group:
        group.start_soon(flights.join, "key", slow_to_end)
        await _settled()
        group.cancel_scope.cancel()
    work = _Work()
    work.may_end.set()
    with anyio.fail_after(5):
        assert await flights.join("key", work.run) == "run 1"
    slow.set()
    await _settled()
    assert repr(flights) == "<Flights under_way=0>"
