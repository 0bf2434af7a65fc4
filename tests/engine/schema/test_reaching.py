"""Services that the engine itself reaches."""

from __future__ import annotations

import socket
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from engine.core.port import PortForward
from engine.core.service import ContainerService, HostService, TunnelService
from engine.errors import InvalidRequest
from engine.schema.reaching import reached
from tests.fakes.engine import EMPTY_CONTAINER, fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WEB = ContainerService(container=EMPTY_CONTAINER, args=("sleep", "60"), custom_hostname="web")
HOST = HostService(host="127.0.0.1", forwards=(PortForward(backend=8000, frontend=80),), custom_hostname="host")


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[object]:
    async with fake_engine(tmp_path) as engine:
        yield SimpleNamespace(services=engine.services)


async def test_no_service_needs_no_way(session) -> None:
    async with reached(session, None, "http://web/") as where:
        assert where is None


async def test_a_service_runs_while_it_is_reached(session) -> None:
    async with reached(session, WEB, "http://web:8080/x") as where:
        assert where
        assert where[0] == "127.0.0.1"
        assert session.services.running(WEB)
        with closing(socket.create_connection(where, 5)):
            pass


async def test_a_port_of_the_host_is_reached_there(session) -> None:
    async with reached(session, HOST, "http://host/x") as where:
        assert where == ("127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("service", "url"),
    [
        (WEB, "http://other/"),
        (WEB, "https://web/"),
        (WEB, "/no/host"),
        (HOST, "http://host:81/"),
        (TunnelService(upstream=WEB, forwards=()), "http://web/"),
    ],
)
async def test_a_url_that_leads_elsewhere_is_refused(session, service, url) -> None:
    with pytest.raises(InvalidRequest):
        async with reached(session, service, url):
            pass
