"""Waiting for one thing unless another comes first."""

from __future__ import annotations

import anyio
import pytest

from engine.errors import EngineError
from engine.solver.race import unless


async def _never() -> EngineError:
    await anyio.sleep_forever()
    raise AssertionError


async def _lost() -> EngineError:
    await anyio.sleep(0.01)
    return EngineError("lost")


async def test_the_work_is_given_when_it_ends_first() -> None:
    async def work() -> str:
        return "done"

    assert await unless(work, _never) == "done"


async def test_an_error_of_the_work_comes_out_as_it_is() -> None:
    async def work() -> str:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await unless(work, _never)


async def test_the_work_is_cancelled_when_the_other_comes_first() -> None:
    cancelled = []

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            cancelled.append(True)
            raise

    with anyio.fail_after(5), pytest.raises(EngineError, match="lost"):
        await unless(work, _lost)
    assert cancelled


async def test_who_waits_may_go_away() -> None:
    async def work() -> None:
        await anyio.sleep_forever()

    with anyio.move_on_after(0.02) as scope:
        await unless(work, _never)
    assert scope.cancelled_caught
