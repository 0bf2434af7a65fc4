"""Wait for one thing unless another comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.errors import EngineError

T = TypeVar("T")


async def unless(work: Callable[[], Awaitable[T]], watch: Callable[[], Awaitable[EngineError]]) -> T:
    """Give what `work` gives; when `watch` returns first, cancel the work and raise what `watch` gave."""
    results: list[T] = []
    errors: list[BaseException] = []

    async def observe() -> None:
        errors.append(await watch())
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(observe)
        try:
            results.append(await work())
        except Exception as error:  # noqa: BLE001 - raised below, outside of the group
            errors.insert(0, error)
        group.cancel_scope.cancel()
    if results:
        return results[0]
    raise errors[0]
