"""The bridge of a session, its plugs and the rules for the way out, as input for ip(8) and nft(8)."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUBNET = IPv4Network("10.87.0.0/16")
GATEWAY = str(SUBNET[1])
BRIDGE = "dagger0"
UPLINK = "tap0"
_MTU = 65520
"""As large as slirp4netns takes: its cost is per packet."""


def bridge_batch() -> str:
    """Commands inside the session's namespace that make the bridge."""
    return _lines(
        "link set lo up",
        f"link add {BRIDGE} mtu {_MTU} type bridge",
        f"addr add {GATEWAY}/{SUBNET.prefixlen} dev {BRIDGE}",
        f"link set {BRIDGE} up",
    )


def plug_batch(name: str, namespace: Path) -> str:
    """Commands inside the session's namespace that join a container's namespace to the bridge by a pair of links."""
    return _lines(
        f"link add {name} up mtu {_MTU} master {BRIDGE} type veth peer name eth0 mtu {_MTU} netns {namespace}",
    )


def container_batch(address: str) -> str:
    """Commands inside a container's namespace, once it is plugged in."""
    return _lines(
        "link set lo up",
        f"addr add {address}/{SUBNET.prefixlen} dev eth0",
        "link set eth0 up",
        f"route add default via {GATEWAY}",
    )


def extra_address_batch(action: str, address: str) -> str:
    """Commands inside the session's namespace that `add` or `del` a further address of the session itself."""
    return _lines(f"addr {action} {address}/32 dev {BRIDGE}")


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


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)
