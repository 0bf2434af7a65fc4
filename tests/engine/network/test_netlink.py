from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from engine.errors import HostError
from engine.network.namespaces import Namespace
from engine.network.netlink import (
    LOOPBACK,
    add_address,
    add_bridge,
    add_default_route,
    add_veth,
    delete_address,
    set_up,
)

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = (
    set_up(LOOPBACK),
    add_bridge("br", 2, 1500),
    add_veth("v", master=2, mtu=1500, peer="eth0", peer_index=2, namespace=9),
    add_address(2, "10.0.0.1", 24),
    delete_address(2, "10.0.0.1", 24),
    add_default_route("10.0.0.1"),
)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_says_its_length_and_is_padded(message: bytes) -> None:
    length, _, flags, *_ = struct.unpack_from("=IHHII", message)
    assert length == len(message)
    assert len(message) % 4 == 0
    assert flags & 0x5 == 0x5


@pytest.mark.root
def test_what_the_kernel_refuses_is_an_error(tmp_path: Path) -> None:
    namespace = Namespace.create(tmp_path / "namespace")
    try:
        with pytest.raises(HostError, match="refused to set up the network: No such device"):
            namespace.send([set_up(LOOPBACK), set_up(77)])
        with pytest.raises(HostError, match="File exists"):
            namespace.send([add_bridge("br", 2, 1500), add_bridge("br", 3, 1500)])
        with pytest.raises(HostError, match="unreachable"):
            namespace.send([add_default_route("10.87.0.1")])
    finally:
        namespace.remove()
