"""Addresses: text on a command line that names an object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """As it was written."""

    value: str
