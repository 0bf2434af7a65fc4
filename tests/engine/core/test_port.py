"""Ports as an image configuration writes them."""

from __future__ import annotations

import pytest

from engine.core.port import Port, Protocol


@pytest.mark.parametrize(
    ("spec", "port"),
    [
        ("80/tcp", Port(port=80)),
        ("53/udp", Port(port=53, protocol=Protocol.UDP)),
        ("53/UDP", Port(port=53, protocol=Protocol.UDP)),
        ("80", Port(port=80)),
    ],
)
def test_a_port_is_read_from_a_configuration(spec: str, port: Port) -> None:
    assert Port.from_spec(spec) == port


def test_a_port_is_written_with_its_protocol() -> None:
    assert Port(port=53, protocol=Protocol.UDP, description="dns").spec == "53/udp"


@pytest.mark.parametrize("spec", ["http", "80/sctp", ""])
def test_what_is_no_port_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Port.from_spec(spec)
