"""Operations: run once, remembered, never when they failed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.digest import Digest, digest_of
from engine.core.tree import SnapshotId
from engine.errors import EngineError
from engine.log import Lines, PlainProgress, Verbosity
from engine.solver import solver as solver_module
from engine.solver.flights import Flights
from engine.solver.solver import Outcome, Solver
from tests.fakes.cache_map import FakeCacheMap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = digest_of("key")


class _Bench:
    """A solver, another session's solver on the same store, and an operation that counts how often it ran."""

    def __init__(self, solver: Solver, other: Solver, cache: FakeCacheMap, told: io.StringIO) -> None:
        self.solver, self.other, self.cache, self.told = solver, other, cache, told
        self.ran = 0
        self.error: Exception | None = None

    async def run(self) -> Outcome:
        self.ran += 1
        await anyio.sleep(0.01)
        if self.error:
            raise self.error
        return Outcome(result={"ran": self.ran}, snapshots=(SnapshotId("s"),), blobs=(Digest("b"),))


@pytest.fixture
async def bench() -> AsyncIterator[_Bench]:
    async with anyio.create_task_group() as group:
        cache, told = FakeCacheMap(), io.StringIO()
        progress = PlainProgress(Lines(told), Verbosity.NORMAL)
        solver, other = (Solver(cache=cache, flights=Flights(group), progress=progress) for _ in range(2))
        yield _Bench(solver, other, cache, told)
        group.cancel_scope.cancel()


async def test_what_is_known_is_not_run_again(bench: _Bench) -> None:
    assert [await bench.solver.solve(KEY, bench.run) for _ in range(2)] == [{"ran": 1}] * 2
    assert bench.ran == 1


async def test_what_is_under_way_is_not_started_again(bench: _Bench) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(bench.solver.solve, KEY, bench.run)
    assert bench.ran == 1


async def test_an_error_is_not_remembered(bench: _Bench) -> None:
    bench.error = EngineError("no")
    for _ in range(2):
        with pytest.raises(EngineError, match="no"):
            await bench.solver.solve(KEY, bench.run)
    assert (bench.ran, bench.solver.known(KEY)) == (2, None)


@pytest.mark.parametrize("needed", ["s", "b"])
async def test_a_result_is_forgotten_with_what_it_needs(bench: _Bench, needed: str) -> None:
    await bench.solver.solve(KEY, bench.run)
    bench.cache.forget(needed)
    await bench.solver.solve(KEY, bench.run)
    assert bench.ran == 2


async def test_what_is_known_is_told_when_it_has_a_name(bench: _Bench) -> None:
    for describe in ("", "", "exec true"):
        await bench.solver.solve(KEY, bench.run, describe=describe)
    assert "exec true CACHED" in bench.told.getvalue()
    assert bench.told.getvalue().count("CACHED") == 1


async def test_the_first_of_two_sessions_wins(bench: _Bench) -> None:
    async def first() -> Outcome:
        return Outcome(result={"ran": "by the other"})

    async def beaten() -> Outcome:
        await bench.other.solve(KEY, first)
        return await bench.run()

    assert await bench.solver.solve(KEY, beaten) == {"ran": "by the other"}


async def test_a_store_does_not_answer_for_an_engine_of_another_meaning(
    bench: _Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.solver.solve(KEY, bench.run)
    monkeypatch.setattr(solver_module, "MEANING", solver_module.MEANING + 1)
    assert await bench.solver.solve(KEY, bench.run) == {"ran": 2}
