"""What identifies a service, and the name that it is reached by."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.core.container import Container
from engine.core.platform import Platform
from engine.core.port import Port, PortForward, Protocol
from engine.core.service import ContainerService, HostService, Service, TunnelService

CONTAINER = Container(platform=Platform.parse("linux/amd64"), ports=(Port(port=80),))
WEB = ContainerService(container=CONTAINER, args=("srv",))
TUNNEL = TunnelService(upstream=WEB, forwards=(PortForward(backend=80),))
HOST = HostService(host="localhost", forwards=(PortForward(backend=80),))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (WEB, replace(WEB, args=("srv", "-v"))),
        (WEB, replace(WEB, init=False)),
        (WEB, replace(WEB, privileged=True)),
        (WEB, replace(WEB, custom_hostname="web")),
        (WEB, replace(WEB, container=CONTAINER.with_config(env=(("A", "1"),)))),
        (TUNNEL, replace(TUNNEL, upstream=replace(WEB, args=()))),
        (TUNNEL, replace(TUNNEL, forwards=(PortForward(backend=80, frontend=80),))),
        (TUNNEL, replace(TUNNEL, forwards=(PortForward(backend=80, protocol=Protocol.UDP),))),
        (HOST, replace(HOST, host="127.0.0.1")),
        (HOST, replace(HOST, forwards=(PortForward(backend=81),))),
        (HOST, replace(HOST, custom_hostname="db")),
    ],
)
def test_another_definition_is_another_service(one: Service, other: Service) -> None:
    assert one.identity != other.identity


def test_equal_definitions_are_one_service() -> None:
    assert replace(WEB, args=("srv",)).identity == WEB.identity


def test_labels_do_not_make_another_service() -> None:
    labelled = replace(WEB, container=CONTAINER.with_config(labels=(("a", "b"),)))
    assert labelled.identity == WEB.identity


def test_a_hostname_is_one_label_of_a_domain_name() -> None:
    assert re.fullmatch("[a-z2-7]{13}", WEB.hostname)
    assert WEB.hostname != replace(WEB, args=("other",)).hostname


def test_a_hostname_is_the_same_in_every_session() -> None:
    assert WEB.hostname == ContainerService(container=CONTAINER, args=("srv",)).hostname


@pytest.mark.parametrize("service", [WEB, HOST])
def test_a_hostname_may_be_chosen(service: ContainerService | HostService) -> None:
    assert replace(service, custom_hostname="db").hostname == "db"


def test_the_ports_of_a_service_are_its_container_s() -> None:
    assert WEB.ports == (Port(port=80),)
