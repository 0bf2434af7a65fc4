"""Fields of Address, Error and ErrorValue."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.container import Container
from engine.core.error import Error, ErrorValue
from engine.core.port import PortForward
from engine.core.service import HostService
from engine.core.socket import Socket
from engine.errors import InvalidRequest
from engine.schema import container_image, host
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from engine.core.address import Address
    from engine.core.directory import Directory
    from engine.core.file import File
    from engine.core.secret import Secret
    from engine.session.session import Session

fields = Fields("Address")
fields.plain("value")
error = Fields("Error")
error.plain("message", "values")
error_value = Fields("ErrorValue")
error_value.plain("name", "value")


@fields.eager("container")
async def container(session: Session, receiver: Address) -> Container:
    empty = Container(platform=session.platform)
    made: Container = await container_image.from_(session, empty, address=receiver.value)
    return made


@fields.eager("directory")
async def directory(
    session: Session, receiver: Address, *, exclude: list[str], include: list[str], gitignore: bool, no_cache: bool
) -> Directory:
    made: Directory = await host.directory(
        session,
        None,
        path=receiver.value.removeprefix("file://"),
        exclude=exclude,
        include=include,
        gitignore=gitignore,
        no_cache=no_cache,
    )
    return made


@fields.eager("file")
async def file(session: Session, receiver: Address, *, no_cache: bool, **_filters: object) -> File:
    made: File = await host.file(session, None, path=receiver.value.removeprefix("file://"), no_cache=no_cache)
    return made


@fields.eager("secret")
async def secret(session: Session, receiver: Address) -> Secret:
    return await session.secrets.open(receiver.value, None)


@fields.eager("service")
def service(_session: Session, receiver: Address) -> HostService:
    scheme, found, rest = receiver.value.partition("://")
    name, colon, port = rest.rpartition(":")
    if not found or scheme not in ("tcp", "udp") or not colon or not port.isdecimal():
        raise InvalidRequest(f'the address of a service is tcp://HOST:PORT, not "{receiver.value}"')
    return HostService(host=name, forwards=(PortForward(backend=int(port)),))


@fields.eager("socket")
def socket(session: Session, receiver: Address) -> Socket:
    return Socket(host_path=str(session.workdir / receiver.value.removeprefix("unix://")))


@error.lazy("withValue")
def with_value(_session: Session, receiver: Error, *, name: str, value: str) -> Error:
    try:
        json.loads(value)
    except ValueError as reason:
        raise InvalidRequest(f"the value of {name} is not JSON: {reason}") from reason
    return replace(receiver, values=(*receiver.values, ErrorValue(name=name, value=value)))
