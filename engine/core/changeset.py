"""Changesets: two directories, one made from the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.core.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Changeset:
    """How `after` differs from `before`."""

    before: Directory
    after: Directory
