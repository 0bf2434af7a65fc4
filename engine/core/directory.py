"""Directories: a path in a snapshot."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from engine.core.tree import EMPTY, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A directory, whole: the tree below `source`."""

    source: Source = field(default_factory=lambda: Source(snapshot=EMPTY))
    path: str = "/"
    """As it was asked for, before links were followed."""

    @property
    def name(self) -> str:
        """Base name with a slash, `/` for a root."""
        return posixpath.basename(self.path.rstrip("/")) + "/"
