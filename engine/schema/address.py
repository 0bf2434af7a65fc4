"""Fields of Address, Error and ErrorValue."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.container import Container
from engine.core.error import Error, ErrorValue
from engine.core.git import GitRemote, GitRepository
from engine.core.git_address import is_git_address, parse_git_address
from engine.core.port import PortForward
from engine.core.service import HostService
from engine.core.socket import Socket
from engine.core.workdir import absolute
from engine.errors import InvalidRequest
from engine.schema import container_image, git, host
from engine.schema.directory import filter_, lookup, lookup_file
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
    if is_git_address(receiver.value):
        found = await _directory_of_git(session, receiver.value)
        chosen: Directory = await filter_(session, found, exclude=exclude, include=include, gitignore=gitignore)
        return chosen if exclude or include or gitignore else found
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
    if is_git_address(receiver.value):
        where = parse_git_address(receiver.value)
        top = await _directory_of_git(session, f"{where.url}#{where.ref}")
        path = absolute(where.directory)
        return await lookup_file(session, replace(top.source, path=path), path)
    made: File = await host.file(session, None, path=receiver.value.removeprefix("file://"), no_cache=no_cache)
    return made


async def _directory_of_git(session: Session, address: str) -> Directory:
    where = parse_git_address(address)
    repository = GitRepository(remote=GitRemote(url=where.url))
    tree = await git.tree_of(session, await git.found(session, repository, where.ref or "HEAD"), git_dir=True)
    return await lookup(session, replace(tree.source, path=absolute(where.directory)), absolute(where.directory))


@fields.fresh("secret")
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
