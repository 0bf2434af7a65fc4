"""Errors that a pipeline makes itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorValue:
    """A named JSON value that belongs to an error."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """A message, and values to it."""

    message: str
    values: tuple[ErrorValue, ...] = ()
