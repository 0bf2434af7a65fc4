"""Containers: a root file system, a configuration, and what is shown inside while a command runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from engine.core.digest import Digest, digest_of
from engine.core.image_config import ImageConfig
from engine.core.mounts import CacheMount, SecretMount, SocketMount, TempMount, TreeMount, added
from engine.core.tree import EMPTY, SnapshotId, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.core.mounts import Mount
    from engine.core.platform import Platform
    from engine.core.port import Port
    from engine.core.secret import Secret
    from engine.core.service import Service

T = TypeVar("T")
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What the last command gave back; the streams are digests of blobs."""

    exit_code: int
    stdout: Digest
    stderr: Digest
    combined: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container, complete: nothing is pending."""

    platform: Platform
    rootfs: SnapshotId = EMPTY
    config: ImageConfig = field(default_factory=ImageConfig)
    default_args_set: bool = False
    """Whether withDefaultArgs was called: decides what `asService` runs."""
    mounts: tuple[Mount, ...] = ()
    secret_mounts: tuple[SecretMount, ...] = ()
    sockets: tuple[SocketMount, ...] = ()
    secret_variables: tuple[tuple[str, Secret], ...] = ()
    volatile_variables: Pairs = ()
    bindings: tuple[tuple[str, Service], ...] = ()
    annotations: Pairs = ()
    ports: tuple[Port, ...] = ()
    image_ref: str = ""
    executed: Executed | None = None

    def identity(self) -> Digest:
        """Digest of all that a command run in it could notice, and nothing else."""
        return digest_of(self.described())

    def described(self) -> dict[str, object]:
        """Everything that determines what a command sees, as JSON.

        Left out on purpose: values of volatile variables and plaintexts of secrets (only their names and identities
        count), labels, annotations, entrypoint, default arguments and descriptions of ports (a command does not see
        them), and what earlier commands printed.
        """
        return {
            "rootfs": self.rootfs,
            "platform": str(self.platform),
            "env": self.config.env,
            "user": self.config.user,
            "workdir": self.config.workdir,
            "mounts": [_described(mount) for mount in self.mounts],
            "secret mounts": [
                [m.target, m.secret.identity, m.owner.uid, m.owner.gid, m.mode] for m in self.secret_mounts
            ],
            "sockets": [[socket.target, socket.owner.uid, socket.owner.gid] for socket in self.sockets],
            "secrets": [[name, secret.identity] for name, secret in self.secret_variables],
            "volatile": [name for name, _ in self.volatile_variables],
            "bindings": [[alias, service.identity] for alias, service in self.bindings],
            "ports": [[port.spec, port.experimental_skip_healthcheck] for port in self.ports],
        }

    def env_variable(self, name: str) -> str | None:
        """Value of a variable of the configuration, None when it is not set."""
        return dict(self.config.env).get(name)

    def with_config(self, **changes: object) -> Container:
        """Change fields of the image configuration."""
        return self.changed(config=replace(self.config, **changes))  # type: ignore[arg-type]

    def changed(self, **changes: object) -> Container:
        """Change fields; the container is then no longer the image that it came from."""
        return replace(self, **({"image_ref": ""} | changes))  # type: ignore[arg-type]

    def with_mount(self, mount: Mount) -> Container:
        """Add a mount; those at its target and below it go away."""
        return self.changed(mounts=added(self.mounts, mount))

    def with_mount_source(self, mount: TreeMount, source: Source) -> Container:
        """Show another tree in the place of one that is mounted."""
        changed = replace(mount, source=source, counts="")
        return self.changed(mounts=tuple(changed if other == mount else other for other in self.mounts))


def set_pair(pairs: Pairs, name: str, value: str) -> Pairs:
    """Set a value in place, or at the end."""
    return tuple((dict(pairs) | {name: value}).items())


def without_pair(pairs: Pairs, name: str) -> Pairs:
    """Leave a name out."""
    return tuple(pair for pair in pairs if pair[0] != name)


def without_first(items: tuple[T, ...], test: Callable[[T], bool]) -> tuple[T, ...]:
    """Leave out the first item that passes: of what was given twice the other one stays, as in Dagger."""
    index = next((index for index, item in enumerate(items) if test(item)), len(items))
    return items[:index] + items[index + 1 :]


def _described(mount: Mount) -> list[object]:
    match mount:
        case TreeMount():
            counts = mount.counts or [mount.source.snapshot, mount.source.path]
            return ["tree", mount.target, counts, mount.is_file, mount.read_only]
        case CacheMount():
            return ["cache", mount.target, mount.volume.identity]
        case TempMount():
            return ["temp", mount.target, mount.size]
