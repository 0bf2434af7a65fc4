"""Fields of Service and Port, and how a container becomes a service."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.port import Port
from engine.core.service import ContainerService, HostService, Service, TunnelService
from engine.errors import EngineError, InvalidRequest
from engine.schema.container_exec import refuse_nesting, service_args
from engine.schema.fields import Fields
from engine.schema.host import forwards, tunnel_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.core.container import Container
    from engine.session.session import Session

fields = Fields("Service")
container = Fields("Container")
port = Fields("Port")
port.plain("port", "protocol", "description", "experimentalSkipHealthcheck")


@container.eager("asService")
def as_service(
    _session: Session,
    receiver: Container,
    *,
    args: list[str],
    use_entrypoint: bool,
    experimental_privileged_nesting: bool,
    insecure_root_capabilities: bool,
    expand: bool,
    no_init: bool,
) -> ContainerService:
    refuse_nesting("Container.asService", nesting=experimental_privileged_nesting)
    return ContainerService(
        container=receiver,
        args=service_args(receiver, args, use_entrypoint=use_entrypoint, expand=expand),
        init=not no_init,
        privileged=insecure_root_capabilities,
    )


@container.leaf("up")
async def container_up(
    session: Session,
    receiver: Container,
    *,
    random: bool,
    ports: list[Mapping[str, object]],
    **options: object,
) -> None:
    service = as_service(session, receiver, **options)
    await up(session, service, ports=ports, random=random)


@fields.leaf("up")
async def up(session: Session, receiver: Service, *, ports: list[Mapping[str, object]], random: bool) -> None:
    tunnel = tunnel_to(receiver, forwards(ports), native=not (random or ports))
    async with session.services.held(tunnel) as instance:
        await instance.ended.wait()


@fields.leaf("start")
async def start(session: Session, receiver: Service) -> None:
    await session.services.start(receiver)


@fields.leaf("stop")
async def stop(session: Session, receiver: Service, *, kill: bool) -> None:
    await session.services.stop(receiver, kill=kill)


@fields.leaf("hostname")
def hostname(session: Session, receiver: Service) -> str:
    if isinstance(receiver, TunnelService):
        return _running(session, receiver)[0]
    return receiver.hostname


@fields.lazy("withHostname")
def with_hostname(_session: Session, receiver: Service, *, hostname: str) -> Service:
    if isinstance(receiver, TunnelService):
        raise InvalidRequest("a tunnel is reached on the host, and has no hostname of its own")
    return replace(receiver, custom_hostname=hostname)


@fields.leaf("endpoint")
def endpoint(session: Session, receiver: Service, *, port: int | None = None, scheme: str) -> str:
    if isinstance(receiver, TunnelService):
        host, frontends = _running(session, receiver)
        known = list(frontends)
    else:
        host, known = receiver.hostname, [found.port for found in _ports(session, receiver)]
    if port is None and not known:
        raise InvalidRequest("no ports exposed")
    text = f"{host}:{known[0] if port is None else port}"
    return f"{scheme}://{text}" if scheme else text


@fields.leaf("ports")
def ports(session: Session, receiver: Service) -> list[Port]:
    return _ports(session, receiver)


def _ports(session: Session, service: Service) -> list[Port]:
    match service:
        case ContainerService():
            return list(service.ports)
        case HostService():
            return [Port(port=f.frontend or f.backend, protocol=f.protocol) for f in service.forwards]
        case TunnelService():
            _, frontends = _running(session, service)
            return [
                Port(
                    port=frontend,
                    protocol=forward.protocol,
                    description=f"tunnel 0.0.0.0:{frontend} -> {service.upstream.hostname}:{forward.backend}",
                )
                for frontend, forward in zip(frontends, service.forwards, strict=True)
            ]


def _running(session: Session, service: TunnelService) -> tuple[str, tuple[int, ...]]:
    instance = session.services.running(service)
    if instance is None or instance.live is None:
        raise EngineError(f"service {service.upstream.hostname} is not running: start the tunnel first")
    return instance.live.address, instance.live.frontends


fields.not_supported("terminal", "it has no interactive terminal")
