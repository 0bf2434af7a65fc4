"""Fields of Container that bring images in and send them out."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.container import Container
from engine.core.digest import digest_of
from engine.core.file import File
from engine.core.login import Login, registry_host
from engine.core.output import text
from engine.core.tree import EMPTY, SnapshotId, Source
from engine.errors import InvalidRequest
from engine.oci.compression import Compression
from engine.oci.manifest import MediaTypes
from engine.oci.reference import parse_reference
from engine.schema.expansion import expanded
from engine.schema.fields import Fields
from engine.schema.reaching import reached
from engine.solver.image_ops import ImageVariant
from engine.solver.solver import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.core.secret import Secret
    from engine.core.service import Service
    from engine.oci.reference import Reference
    from engine.session.session import Session
    from engine.solver.image_ops import ImportedImage

fields = Fields("Container")
host = Fields("Host")

TARBALL = "container.tar"


@fields.lazy("import")
async def import_(session: Session, receiver: Container, *, source: File, tag: str) -> Container:
    snapshot, path = source.source.snapshot, source.source.path
    key = await session.trees.read(snapshot, lambda trees, root: trees.file_digest(root, path, metadata=False))
    async with session.trees.shown(source.source) as archive:
        image = await session.images.import_archive(archive, tag=tag, platform=receiver.platform, key=key)
    return _from_image(replace(receiver, config=image.config, ports=()), image)


@fields.eager("from")
async def from_(
    session: Session, receiver: Container, *, address: str, registry_service: Service | None = None
) -> Container:
    reference = parse_reference(address)
    if registry_service is None:
        pinned = await session.registries.pinned(reference, session.images.resolve)
        pulled = await session.images.pull(pinned, receiver.platform, session.registries.logins)
    else:
        async with _at_service(session, reference, registry_service) as (there, logins):
            pulled = await session.images.pull(there, receiver.platform, logins)
    config = receiver.config.merge_from(pulled.image.config)
    changed = _from_image(replace(receiver, config=config), pulled.image)
    return replace(changed, image_ref=str(reference.tagged().with_digest(pulled.digest)))


@asynccontextmanager
async def _at_service(
    session: Session, reference: Reference, service: Service | None
) -> AsyncIterator[tuple[Reference, tuple[Login, ...]]]:
    """Give the reference by which an image is reached, with the logins for it: a service is reached on loopback."""
    async with reached(session, service, f"http://{reference.domain}") as via:
        if via is None:
            yield reference, session.registries.logins
            return
        domain = f"{via[0]}:{via[1]}"
        logins = (replace(login, host=domain) for login in session.registries.logins if login.host == reference.domain)
        yield replace(reference, domain=domain), tuple(logins)


def _from_image(container: Container, image: ImportedImage) -> Container:
    return replace(
        container,
        rootfs=image.snapshot,
        platform=image.platform,
        annotations=(),
        default_args_set=False,
        executed=None,
        image_ref="",
    )


@fields.eager("asTarball")
async def as_tarball(
    session: Session,
    receiver: Container,
    *,
    platform_variants: list[Container],
    forced_compression: str | None = None,
    media_types: str,
) -> File:
    variants = _variants(receiver, platform_variants)
    compression, types = _format(forced_compression, media_types)
    key = digest_of(
        ["tarball", [_described(v) for v in variants], forced_compression, media_types, str(session.images.created)]
    )

    async def run() -> Outcome:
        async with session.trees.staged() as staged:
            out = staged.root / TARBALL
            await session.images.export_archive(variants, compression=compression, media_types=types, out=out)
            snapshot = await staged.commit("asTarball")
            return Outcome(result={"snapshot": snapshot}, snapshots=(snapshot,))

    result = await session.trees.solve(key, run)
    return File(source=Source(snapshot=SnapshotId(str(result["snapshot"])), path=f"/{TARBALL}"), name=TARBALL)


@fields.leaf("export")
async def export(
    session: Session,
    receiver: Container,
    *,
    path: str,
    platform_variants: list[Container],
    forced_compression: str | None = None,
    media_types: str,
    expand: bool,
) -> str:
    target = session.workdir / expanded(receiver, path, expand=expand)
    if target.is_dir():
        raise InvalidRequest(
            f'destination "{target}" is a directory; must be a file path unless allowParentDirPath is set'
        )
    compression, types = _format(forced_compression, media_types)
    session.host.make_parents(target)
    await session.images.export_archive(
        _variants(receiver, platform_variants), compression=compression, media_types=types, out=target
    )
    return str(target)


@fields.leaf("publish")
async def publish(
    session: Session,
    receiver: Container,
    *,
    address: str,
    platform_variants: list[Container],
    forced_compression: str | None = None,
    media_types: str,
    registry_service: Service | None = None,
) -> str:
    reference = parse_reference(address)
    compression, types = _format(forced_compression, media_types)
    async with _at_service(session, reference, registry_service) as (there, logins):
        digest = await session.images.publish(
            _variants(receiver, platform_variants),
            there,
            compression=compression,
            media_types=types,
            logins=logins,
        )
    return str(reference.with_digest(digest))


@fields.leaf("exportImage")
async def export_image(
    session: Session,
    receiver: Container,
    *,
    name: str,
    platform_variants: list[Container],
    forced_compression: str | None = None,
    media_types: str,
) -> str:
    compression, types = _format(forced_compression, media_types)
    await session.local_images.export(
        _variants(receiver, platform_variants), parse_reference(name), compression=compression, media_types=types
    )
    return ""  # the type is `Void!`, and null is none of its values


@host.eager("containerImage")
async def container_image(session: Session, _host: object, *, name: str) -> Container:
    image = await session.local_images.fetch(parse_reference(name), session.platform)
    return _from_image(Container(platform=session.platform, config=image.config), image)


@fields.eager("withRegistryAuth")
async def with_registry_auth(
    session: Session, receiver: Container, *, address: str, username: str, secret: Secret
) -> Container:
    password = text(await session.secrets.plaintext(secret))
    session.registries.add(Login(host=registry_host(address), username=username, password=password))
    return receiver


@fields.eager("withoutRegistryAuth")
def without_registry_auth(session: Session, receiver: Container, *, address: str) -> Container:
    session.registries.remove(registry_host(address))
    return receiver


def _format(compression: str | None, media_types: str) -> tuple[Compression | None, MediaTypes]:
    return (
        Compression.named(compression) if compression else None,
        MediaTypes.DOCKER if media_types == "DockerMediaTypes" else MediaTypes.OCI,
    )


def _variants(container: Container, others: Sequence[Container]) -> list[ImageVariant]:
    return [
        ImageVariant(snapshot=one.rootfs, config=one.config, platform=one.platform, annotations=dict(one.annotations))
        for one in (container, *others)
        if one.rootfs != EMPTY
    ]


def _described(variant: ImageVariant) -> list[object]:
    return [variant.snapshot, variant.config.to_json(), str(variant.platform), dict(variant.annotations)]
