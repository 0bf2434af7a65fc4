"""Reach a service of the session from the engine itself."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.core.port import PortForward
from engine.core.service import ContainerService, HostService, TunnelService
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.core.service import Service
    from engine.session.session import Session

_PORTS = {"http": 80, "git": 9418, "ssh": 22}


@asynccontextmanager
async def reached(session: Session, service: Service | None, url: str) -> AsyncIterator[tuple[str, int] | None]:
    """Have the service that a URL names running; gives where to connect, None without a service.

    Raises InvalidRequest for a URL that names another host: the service would not be what answers.
    """
    if service is None:
        yield None
        return
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme)
    if isinstance(service, TunnelService) or parts.hostname != service.hostname or port is None:
        raise InvalidRequest(f"{parts.hostname} is not the hostname of the service, or https: see Service.hostname")
    if isinstance(service, ContainerService):
        tunnel = TunnelService(upstream=service, forwards=(PortForward(backend=port),))
        async with session.services.held(tunnel) as instance:
            frontends = instance.live.frontends if instance.live else ()
            yield ("127.0.0.1", frontends[0])
    else:
        yield _on_host(service, port)


def _on_host(service: HostService, port: int) -> tuple[str, int]:
    for forward in service.forwards:
        if port == (forward.frontend or forward.backend):
            return service.host, forward.backend
    raise InvalidRequest(f"the service has no port {port}")
