"""Root fields: where every pipeline starts."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from engine.core.address import Address
from engine.core.cache_volume import CacheVolume
from engine.core.changeset import Changeset
from engine.core.container import Container
from engine.core.directory import Directory
from engine.core.env_file import EnvFile
from engine.core.error import Error
from engine.core.file import File, checked_name
from engine.core.json_value import JsonValue
from engine.core.platform import Platform
from engine.core.tree import Source, WriteFile
from engine.schema.cache_volume import volume_of
from engine.schema.directory import changed, owner
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from engine.core.secret import Secret
    from engine.session.session import Session

fields = Fields("Query")
secret_fields = Fields("Secret")

VERSION = "v0.21.8"
"""The Dagger release whose behaviour this engine answers with."""


@fields.leaf("version")
def version(_session: Session, _root: None) -> str:
    return VERSION


@fields.leaf("defaultPlatform")
def default_platform(session: Session, _root: None) -> str:
    return str(session.platform)


@fields.eager("container")
def container(session: Session, _root: None, *, platform: str | None = None) -> Container:
    return Container(platform=Platform.parse(platform) if platform else session.platform)


@fields.lazy("directory")
def directory(_session: Session, _root: None) -> Directory:
    return Directory()


@fields.lazy("envFile")
def env_file(_session: Session, _root: None, *, expand: bool | None = None) -> EnvFile:
    del expand  # deprecated, and without effect in Dagger 0.21
    return EnvFile()


@fields.eager("file")
async def file(session: Session, _root: None, *, name: str, contents: str, permissions: int) -> File:
    path = posixpath.join("/", checked_name(name))
    data = contents.encode("utf-8", "surrogateescape")
    change = WriteFile(path=path, contents=data, mode=(permissions & 0o777) or 0o644)
    made = await changed(session, Directory(), change, f"withNewFile {name} ({len(data)} B)")
    return File(source=Source(snapshot=made.source.snapshot, path=path), name=name)


@fields.lazy("cacheVolume")
async def cache_volume_(
    session: Session, _root: None, *, key: str, source: Directory | None = None, sharing: str, owner: str
) -> CacheVolume:
    whose = await _owner(session, Directory(), owner)
    return await volume_of(session, CacheVolume(key=key), sharing=sharing, owner=whose, source=source)


_owner = owner


@fields.eager("setSecret")
def set_secret(session: Session, _root: None, *, name: str, plaintext: str) -> Secret:
    return session.secrets.set(name, plaintext)


@fields.fresh("secret")
async def secret(session: Session, _root: None, *, uri: str, cache_key: str | None = None) -> Secret:
    return await session.secrets.open(uri, cache_key)


secret_fields.plain("name", "uri")


@secret_fields.leaf("plaintext")
async def plaintext(session: Session, receiver: Secret) -> str:
    return (await session.secrets.plaintext(receiver)).decode("utf-8", "replace")


@fields.lazy("error")
def error(_session: Session, _root: None, *, message: str) -> Error:
    return Error(message=message)


@fields.lazy("address")
def address(_session: Session, _root: None, *, value: str) -> Address:
    return Address(value=value)


@fields.lazy("json")
def json_value(_session: Session, _root: None) -> JsonValue:
    return JsonValue()


@fields.lazy("changeset")
def changeset(_session: Session, _root: None) -> Changeset:
    return Changeset(before=Directory(), after=Directory())


@fields.lazy("host")
def host(_session: Session, _root: None) -> str:
    return "host"
