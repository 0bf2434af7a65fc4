"""Fields of Host: files, ports and sockets of the machine that the session runs on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from engine.core.directory import Directory
from engine.core.file import File
from engine.core.port import PortForward, Protocol
from engine.core.service import ContainerService, HostService, TunnelService
from engine.core.socket import Socket
from engine.core.tree import Source
from engine.errors import InvalidRequest
from engine.schema.directory import selection
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.core.service import Service
    from engine.session.session import Session

fields = Fields("Host")


def _path(session: Session, path: str) -> Path:
    return session.workdir / Path(path).expanduser()


@fields.eager("directory")
async def directory(
    session: Session,
    _host: object,
    *,
    path: str,
    exclude: list[str],
    include: list[str],
    no_cache: bool,
    gitignore: bool,
) -> Directory:
    del no_cache  # the session's memory of this field is what it concerns
    chosen = selection(include, exclude, gitignore=gitignore)
    return Directory(source=Source(snapshot=await session.trees.from_host(_path(session, path), chosen)))


@fields.eager("file")
async def file(session: Session, _host: object, *, path: str, no_cache: bool) -> File:
    del no_cache
    where = _path(session, path)
    snapshot = await session.trees.file_from_host(where)
    return File(source=Source(snapshot=snapshot, path=f"/{where.name}"), name=where.name, uploaded=True)


@fields.leaf("findUp")
async def find_up(session: Session, _host: object, *, name: str, no_cache: bool) -> str | None:
    del no_cache
    return await run_sync(session.host.find_up, session.workdir, name)


@fields.eager("unixSocket")
def unix_socket(session: Session, _host: object, *, path: str) -> Socket:
    return Socket(host_path=str(_path(session, path)))


@fields.eager("service")
def service(_session: Session, _host: object, *, ports: list[Mapping[str, object]], host: str) -> HostService:
    if not ports:
        raise InvalidRequest("no ports specified")
    return HostService(host=host, forwards=forwards(ports))


@fields.eager("tunnel")
def tunnel(
    _session: Session, _host: object, *, service: Service, native: bool, ports: list[Mapping[str, object]]
) -> TunnelService:
    return tunnel_to(service, forwards(ports), native=native)


def tunnel_to(service: Service, ports: Sequence[PortForward], *, native: bool) -> TunnelService:
    """Give the tunnel to a service; without ports to all that it exposes. Raises InvalidRequest."""
    if not isinstance(service, ContainerService):
        raise InvalidRequest("tunneling to non-Container services is not supported")
    exposed = [
        PortForward(backend=port.port, frontend=port.port if native else None, protocol=port.protocol)
        for port in service.ports
    ]
    chosen = tuple([*ports, *exposed] if native else ports or exposed)
    if not chosen:
        raise InvalidRequest("no ports to forward")
    return TunnelService(upstream=service, forwards=chosen)


def forwards(ports: Sequence[Mapping[str, object]]) -> tuple[PortForward, ...]:
    """Read PortForward inputs."""
    return tuple(
        PortForward(
            backend=int(str(port["backend"])),
            frontend=None if port.get("frontend") is None else int(str(port["frontend"])),
            protocol=Protocol(port.get("protocol", "TCP")),
        )
        for port in ports
    )
