"""What one engine is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.log import Verbosity

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Where the engine keeps things, and the caller's place in the world."""

    state: Path
    """The store, shared by all sessions of a user."""
    workdir: Path
    """What relative paths of the host start from; absolute."""
    verbosity: Verbosity = Verbosity.NORMAL
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The caller's environment: secrets of `env://`, proxies."""


def state_directory(environ: Mapping[str, str], home: Path) -> Path:
    """Choose where the store is: what the user says, else the user's cache directory (XDG Base Directory)."""
    if chosen := environ.get("DJANGO_IMAGE_STATE"):
        return Path(chosen).absolute()
    cache = Path(environ.get("XDG_CACHE_HOME") or "")
    # A relative path in XDG_CACHE_HOME must be ignored, says its specification.
    return (cache if cache.is_absolute() else home / ".cache") / "django-image" / "engine"
