"""What a container process is started with, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A file or directory of the host shown inside the container."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tmpfs:
    """An empty file system in memory; `size` in bytes, 0 for the kernel's default."""

    target: str
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One container process, complete: nothing is looked up any more."""

    root: Path
    args: tuple[str, ...]
    env: tuple[str, ...]
    """`NAME=value`, in order."""
    cwd: str
    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    hostname: str = "dagger"
    mounts: tuple[Bind | Tmpfs, ...] = ()
    network_namespace: Path | None = None
    """None: a network namespace of its own with only loopback."""
    init: bool = True
    """Run under an init that reaps and forwards signals; False: the command is process 1 itself."""
    privileged: bool = False
    """All capabilities and devices (Dagger's insecureRootCapabilities)."""
