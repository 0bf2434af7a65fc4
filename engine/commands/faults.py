"""Turn an error inside the sandbox into one line on stderr: it cannot be raised in the process outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.log import Lines


def told(body: Callable[[], int], stderr: Lines) -> int:
    """Run `body`; gives its exit code, 1 after telling an error of the user's or of the machine. Faults are raised."""
    try:
        return body()
    except (EngineError, OSError, BaseExceptionGroup) as error:
        cause = _first_leaf(error)
        if isinstance(cause, EngineError):
            stderr.write(f"Error: {cause}")
        elif isinstance(cause, OSError):
            place = f"{cause.filename}: " if cause.filename else ""
            stderr.write(f"Error: the engine cannot start: {place}{cause.strerror or cause}")
        else:
            raise
        return 1


def _first_leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
