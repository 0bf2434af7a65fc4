"""One run per key, however many ask for it at the same time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Flight(Generic[T]):
    landed: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    waiting: int = 0
    result: T | None = None
    error: BaseException | None = None


class Flights:
    """The runs that are under way.

    Rule 1: the table changes only in `_board` and `_leave`, which do not await.
    Rule 2: a run is cancelled when the last one who asked for it went away.
    """

    def __init__(self, group: TaskGroup) -> None:
        self._group = group
        self._flights: dict[str, _Flight[object]] = {}

    def __repr__(self) -> str:
        return f"<Flights under_way={len(self._flights)}>"

    async def join(self, key: str, run: Callable[[], Awaitable[T]]) -> T:
        """Give what `run` gives; joins the run of the same key that is under way. Errors reach everyone who waits."""
        flight = self._board(key, run)
        try:
            await flight.landed.wait()
        finally:
            self._leave(key, flight)
        if flight.error is not None:
            raise flight.error
        return cast("T", flight.result)

    def _board(self, key: str, run: Callable[[], Awaitable[object]]) -> _Flight[object]:
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight()
            self._group.start_soon(self._fly, key, flight, run)
        flight.waiting += 1
        return flight

    def _leave(self, key: str, flight: _Flight[object]) -> None:
        flight.waiting -= 1
        if flight.waiting == 0 and not flight.landed.is_set():
            flight.scope.cancel()
            self._forget(key, flight)

    def _forget(self, key: str, flight: _Flight[object]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    async def _fly(self, key: str, flight: _Flight[object], run: Callable[[], Awaitable[object]]) -> None:
        with flight.scope:
            try:
                flight.result = await run()
            except Exception as error:  # noqa: BLE001 - handed to everyone who waits
                flight.error = error
        self._forget(key, flight)
        flight.landed.set()
