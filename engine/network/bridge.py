"""The bridge of a session, what is plugged into it and the rules for the way out, as messages and nft(8) input."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

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
    from collections.abc import Sequence

SUBNET = IPv4Network("10.87.0.0/16")
GATEWAY = str(SUBNET[1])
UPLINK = "tap0"
_BRIDGE, _BRIDGE_INDEX = "dagger0", 2
_ETHERNET, _ETHERNET_INDEX = "eth0", 2
_MTU = 65520
"""As large as slirp4netns takes: its cost is per packet."""


def bridge_messages() -> Sequence[bytes]:
    """Messages inside the session's namespace that make the bridge."""
    return (
        set_up(LOOPBACK),
        add_bridge(_BRIDGE, _BRIDGE_INDEX, _MTU),
        add_address(_BRIDGE_INDEX, GATEWAY, SUBNET.prefixlen),
    )


def plug_messages(name: str, namespace: int) -> Sequence[bytes]:
    """Messages inside the session's namespace that join a container's, an open descriptor, by a pair of links."""
    return (
        add_veth(name, master=_BRIDGE_INDEX, mtu=_MTU, peer=_ETHERNET, peer_index=_ETHERNET_INDEX, namespace=namespace),
    )


def container_messages(address: str) -> Sequence[bytes]:
    """Messages inside a container's namespace, once it is plugged in."""
    return (
        set_up(LOOPBACK),
        add_address(_ETHERNET_INDEX, address, SUBNET.prefixlen),
        set_up(_ETHERNET_INDEX),
        add_default_route(GATEWAY),
    )


def extra_address(address: str) -> bytes:
    """Message inside the session's namespace that adds a further address of the session itself."""
    return add_address(_BRIDGE_INDEX, address, 32)


def no_extra_address(address: str) -> bytes:
    """Message that takes a further address back."""
    return delete_address(_BRIDGE_INDEX, address, 32)


def way_out_rules() -> str:
    """Rules inside the session's namespace: containers reach the world, the world does not reach them."""
    return f"""
table ip dagger {{
  chain postrouting {{
    type nat hook postrouting priority 100
    oifname "{UPLINK}" masquerade
  }}
  chain forward {{
    type filter hook forward priority 0
    iifname "{UPLINK}" ct state new drop
  }}
}}
"""
