"""Links, addresses and routes by messages to the kernel (rtnetlink(7)): some tens of microseconds each, no programs."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING

from engine.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Sequence

# linux/netlink.h, linux/rtnetlink.h
_REQUEST, _ACK, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x200, 0x400
_NEW_LINK, _NEW_ADDRESS, _DELETE_ADDRESS, _NEW_ROUTE = 16, 20, 21, 24
_ERROR = 2
_NESTED = 0x8000
# linux/if_link.h, linux/veth.h, linux/if_addr.h
_IFLA_IFNAME, _IFLA_MTU, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 3, 4, 10, 18, 28
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_GATEWAY = 5
_UP = 1
_TABLE_MAIN, _PROTOCOL_BOOT, _UNICAST = 254, 3, 1

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_ATTRIBUTE = struct.Struct("=HH")

LOOPBACK = 1
"""Index of the loopback in every namespace."""


def set_up(index: int) -> bytes:
    """Message that brings a link up."""
    return _message(_NEW_LINK, _link(index))


def add_bridge(name: str, index: int, mtu: int) -> bytes:
    """Message that makes a bridge, up."""
    info = _attribute(_INFO_KIND, b"bridge")
    return _message(_NEW_LINK, _link(index) + _named(name, mtu) + _nested(_IFLA_LINKINFO, info), new=True)


def add_veth(name: str, *, master: int, mtu: int, peer: str, peer_index: int, namespace: int) -> bytes:
    """Message that makes a pair of links: `name`, up and plugged into a bridge here, `peer` in another namespace.

    `namespace` is an open descriptor, which must stay open until the message has been sent.
    """
    other = _link(peer_index, flags=0) + _named(peer, mtu) + _number(_IFLA_NET_NS_FD, namespace)
    info = _attribute(_INFO_KIND, b"veth") + _nested(_INFO_DATA, _nested(_VETH_PEER, other))
    link = _link(0) + _named(name, mtu) + _number(_IFLA_MASTER, master) + _nested(_IFLA_LINKINFO, info)
    return _message(_NEW_LINK, link, new=True)


def add_address(index: int, address: str, prefix: int) -> bytes:
    """Message that gives a link an IPv4 address."""
    return _message(_NEW_ADDRESS, _address(index, address, prefix), new=True)


def delete_address(index: int, address: str, prefix: int) -> bytes:
    """Message that takes an IPv4 address from a link."""
    return _message(_DELETE_ADDRESS, _address(index, address, prefix))


def add_default_route(gateway: str) -> bytes:
    """Message that sends all else to a gateway."""
    route = _ROUTE.pack(socket.AF_INET, 0, 0, 0, _TABLE_MAIN, _PROTOCOL_BOOT, 0, _UNICAST, 0)
    return _message(_NEW_ROUTE, route + _attribute(_RTA_GATEWAY, socket.inet_aton(gateway)), new=True)


def send(messages: Sequence[bytes]) -> None:
    """Send messages to the kernel, in the namespace of this thread; raises HostError at the first that it refuses."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as kernel:
        for message in messages:
            kernel.send(message)
            number = _refusal(kernel.recv(65536))
            if number:
                raise HostError(f"the kernel refused to set up the network: {os.strerror(number)}")


def _refusal(answer: bytes) -> int:
    """Give the error number of an acknowledgement, 0 for success."""
    _, kind, *_ = _HEADER.unpack_from(answer)
    if kind != _ERROR:
        return 0
    (code,) = struct.unpack_from("=i", answer, _HEADER.size)
    return -int(code)


def _message(kind: int, body: bytes, *, new: bool = False) -> bytes:
    flags = _REQUEST | _ACK | (_CREATE | _EXCLUSIVE if new else 0)
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, 0, 0) + body


def _link(index: int, *, flags: int = _UP) -> bytes:
    return _LINK.pack(socket.AF_UNSPEC, 0, index, flags, flags)


def _address(index: int, address: str, prefix: int) -> bytes:
    packed = socket.inet_aton(address)
    head = _ADDRESS.pack(socket.AF_INET, prefix, 0, 0, index)
    return head + _attribute(_IFA_LOCAL, packed) + _attribute(_IFA_ADDRESS, packed)


def _named(name: str, mtu: int) -> bytes:
    return _attribute(_IFLA_IFNAME, name.encode() + b"\0") + _number(_IFLA_MTU, mtu)


def _number(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack("=I", value))


def _nested(kind: int, attributes: bytes) -> bytes:
    return _attribute(kind | _NESTED, attributes)


def _attribute(kind: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + b"\0" * (-length % 4)
