"""What is shown inside a container while a command runs, and never becomes part of its image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.workdir import is_below

if TYPE_CHECKING:
    from engine.core.cache_volume import CacheVolume
    from engine.core.secret import Secret
    from engine.core.tree import Owner, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeMount:
    """A directory or a file; what commands write into it stays with the container."""

    target: str
    source: Source
    counts: str = ""
    """What of the source counts in the key of a step; empty: the snapshot itself."""
    name: str = ""
    """Name that a mounted file had before."""
    is_file: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMount:
    """A cache volume."""

    target: str
    volume: CacheVolume


@dataclass(frozen=True, slots=True, kw_only=True)
class TempMount:
    """An empty file system in memory for each command; `size` in bytes, 0 for the kernel's default."""

    target: str
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMount:
    """The plaintext of a secret as a read-only file."""

    target: str
    secret: Secret
    owner: Owner
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketMount:
    """A Unix socket of the host."""

    target: str
    host_path: str
    owner: Owner


Mount = TreeMount | CacheMount | TempMount
AnyMount = Mount | SecretMount | SocketMount


def added(mounts: tuple[Mount, ...], new: Mount) -> tuple[Mount, ...]:
    """Add a mount; those at its target and below it go away."""
    return (*(mount for mount in mounts if not is_below(mount.target, new.target)), new)


def deepest(mounts: tuple[Mount, ...], path: str) -> Mount | None:
    """Find the mount that a clean absolute path is in."""
    holding = [mount for mount in mounts if is_below(path, mount.target)]
    return max(holding, key=lambda mount: len(mount.target), default=None)
