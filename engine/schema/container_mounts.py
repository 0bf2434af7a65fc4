"""Fields of Container that show something inside while commands run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.container import without_first
from engine.core.mounts import CacheMount, SecretMount, SocketMount, TempMount, TreeMount
from engine.core.tree import Chown, Owner, Source
from engine.core.workdir import absolute
from engine.schema.cache_volume import volume_of
from engine.schema.expansion import expanded
from engine.schema.fields import Fields
from engine.schema.placing import owner

if TYPE_CHECKING:
    from engine.core.cache_volume import CacheVolume
    from engine.core.container import Container
    from engine.core.directory import Directory
    from engine.core.file import File
    from engine.core.secret import Secret
    from engine.core.service import Service
    from engine.core.socket import Socket
    from engine.session.session import Session

fields = Fields("Container")
_owner = owner
_ROOT = Owner(uid=0, gid=0)


def _path(container: Container, path: str, *, expand: bool) -> str:
    return absolute(expanded(container, path, expand=expand), container.config.workdir)


async def _owned(session: Session, container: Container, source: Source, text: str) -> Source:
    """Give the source as the owner's, if one was named."""
    whose = await _owner(session, container, text)
    if whose is not None:
        change = Chown(path=source.path, owner=whose)
        source = replace(source, snapshot=await session.trees.apply(source.snapshot, change, "chown mount"))
    return source


@fields.lazy("withMountedDirectory")
async def with_mounted_directory(
    session: Session, receiver: Container, *, path: str, source: Directory, owner: str, read_only: bool, expand: bool
) -> Container:
    tree = await _owned(session, receiver, source.source, owner)
    target = _path(receiver, path, expand=expand)
    counts = await session.trees.counts(tree)
    return receiver.with_mount(TreeMount(target=target, source=tree, counts=counts, read_only=read_only))


@fields.lazy("withMountedFile")
async def with_mounted_file(
    session: Session, receiver: Container, *, path: str, source: File, owner: str, expand: bool
) -> Container:
    tree = await _owned(session, receiver, source.source, owner)
    mount = TreeMount(
        target=_path(receiver, path, expand=expand),
        source=tree,
        counts=await session.trees.counts(tree),
        name=source.name,
        is_file=True,
    )
    return receiver.with_mount(mount)


@fields.lazy("withMountedTemp")
def with_mounted_temp(
    _session: Session, receiver: Container, *, path: str, size: int | None = None, expand: bool
) -> Container:
    return receiver.with_mount(TempMount(target=_path(receiver, path, expand=expand), size=size or 0))


@fields.lazy("withMountedCache")
async def with_mounted_cache(
    session: Session,
    receiver: Container,
    *,
    path: str,
    cache: CacheVolume,
    source: Directory | None = None,
    sharing: str,
    owner: str,
    expand: bool,
) -> Container:
    whose = await _owner(session, receiver, owner)
    volume = await volume_of(session, cache, sharing=sharing, owner=whose, source=source)
    return receiver.with_mount(CacheMount(target=_path(receiver, path, expand=expand), volume=volume))


@fields.lazy("withMountedSecret")
async def with_mounted_secret(
    session: Session, receiver: Container, *, path: str, source: Secret, owner: str, mode: int, expand: bool
) -> Container:
    mount = SecretMount(
        target=_path(receiver, path, expand=expand),
        secret=source,
        owner=await _owner(session, receiver, owner) or _ROOT,
        mode=mode,
    )
    return receiver.changed(secret_mounts=(*receiver.secret_mounts, mount))


@fields.lazy("withUnixSocket")
async def with_unix_socket(
    session: Session, receiver: Container, *, path: str, source: Socket, owner: str, expand: bool
) -> Container:
    mount = SocketMount(
        target=_path(receiver, path, expand=expand),
        host_path=source.host_path,
        owner=await _owner(session, receiver, owner) or _ROOT,
    )
    return receiver.changed(sockets=(*_other_sockets(receiver, mount.target), mount))


@fields.lazy("withoutUnixSocket")
def without_unix_socket(_session: Session, receiver: Container, *, path: str, expand: bool) -> Container:
    return receiver.changed(sockets=_other_sockets(receiver, _path(receiver, path, expand=expand)))


def _other_sockets(container: Container, target: str) -> tuple[SocketMount, ...]:
    return tuple(socket for socket in container.sockets if socket.target != target)


@fields.lazy("withoutMount")
def without_mount(_session: Session, receiver: Container, *, path: str, expand: bool) -> Container:
    target = _path(receiver, path, expand=expand)
    return receiver.changed(
        mounts=tuple(mount for mount in receiver.mounts if mount.target != target),
        # Of several secrets at one place only the last goes (dagger core/container.go).
        secret_mounts=without_first(receiver.secret_mounts[::-1], lambda mount: mount.target == target)[::-1],
    )


@fields.lazy("withServiceBinding")
def with_service_binding(_session: Session, receiver: Container, *, alias: str, service: Service) -> Container:
    return receiver.changed(bindings=(*(pair for pair in receiver.bindings if pair[0] != alias), (alias, service)))
