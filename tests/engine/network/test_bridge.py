from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.network.bridge import (
    bridge_messages,
    container_messages,
    extra_address,
    no_extra_address,
    plug_messages,
    way_out_rules,
)
from engine.network.namespaces import Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Namespace]:
    made = Namespace.create(tmp_path / "session")
    made.send(bridge_messages())
    yield made
    made.remove()


@pytest.fixture
def container(session: Namespace, tmp_path: Path) -> Iterator[Namespace]:
    made = Namespace.create(tmp_path / "container")
    with made.opened() as descriptor:
        session.send(plug_messages("veth7", descriptor))
    made.send(container_messages("10.87.0.9"))
    yield made
    made.remove()


def _ip(namespace: Namespace, *args: str) -> str:
    return namespace.call(
        lambda: subprocess.run(["ip", "-o", *args], capture_output=True, text=True, check=True)
    ).stdout


@pytest.mark.root
def test_the_bridge_has_the_gateways_address(session: Namespace) -> None:
    assert "10.87.0.1/16" in _ip(session, "addr", "show", "dagger0")
    assert "mtu 65520" in _ip(session, "link", "show", "dagger0", "up")
    assert "UP" in _ip(session, "link", "show", "lo", "up")


@pytest.mark.root
def test_a_container_is_plugged_in(session: Namespace, container: Namespace) -> None:
    assert "master dagger0" in _ip(session, "link", "show", "veth7", "up")
    assert "10.87.0.9/16" in _ip(container, "addr", "show", "eth0")
    assert "mtu 65520" in _ip(container, "link", "show", "eth0", "up")
    assert _ip(container, "route", "show", "default").startswith("default via 10.87.0.1 dev eth0")
    with session.socket() as listener, container.socket() as client:
        listener.bind(("10.87.0.1", 8000))
        listener.listen()
        client.settimeout(5)
        client.connect(("10.87.0.1", 8000))
        connection, (address, _) = listener.accept()
        connection.close()
        assert address == "10.87.0.9"


@pytest.mark.root
def test_the_session_may_have_further_addresses(session: Namespace) -> None:
    session.send([extra_address("10.87.0.5")])
    assert "10.87.0.5/32" in _ip(session, "addr", "show", "dagger0")
    session.send([no_extra_address("10.87.0.5")])
    assert "10.87.0.5" not in _ip(session, "addr", "show", "dagger0")


def test_the_world_may_not_begin_a_conversation() -> None:
    assert 'iifname "tap0" ct state new drop' in way_out_rules()
    assert 'oifname "tap0" masquerade' in way_out_rules()
