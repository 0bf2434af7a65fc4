"""Services: what runs beside the steps that use it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.digest import Digest, digest_of

if TYPE_CHECKING:
    from engine.core.container import Container
    from engine.core.port import Port, PortForward


DOMAIN = "dagger.local"
"""Domain of all services of a session."""
_LONGEST_HOSTNAME = 64
"""Bytes that the kernel takes (sethostname(2))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerService:
    """A container that runs in the background."""

    container: Container
    args: tuple[str, ...]
    init: bool = True
    privileged: bool = False
    custom_hostname: str = ""

    @property
    def identity(self) -> Digest:
        """One instance runs per identity and session."""
        return digest_of(
            {
                "service": self.container.identity(),
                "args": self.args,
                "init": self.init,
                "privileged": self.privileged,
                "hostname": self.custom_hostname,
            }
        )

    @property
    def hostname(self) -> str:
        """Name under which steps reach it; the same in every session."""
        return self.custom_hostname or short_name(self.identity)

    @property
    def full_hostname(self) -> str:
        """Name that it has itself: with the domain, if the kernel takes that much."""
        full = f"{self.hostname}.{DOMAIN}"
        return full if len(full) <= _LONGEST_HOSTNAME else self.hostname

    @property
    def ports(self) -> tuple[Port, ...]:
        """The container's exposed ports."""
        return self.container.ports


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelService:
    """A listener on the host that leads to a service."""

    upstream: ContainerService
    forwards: tuple[PortForward, ...]

    @property
    def identity(self) -> Digest:
        """What names it in the session."""
        forwards = [[forward.frontend, forward.backend, forward.protocol.value] for forward in self.forwards]
        return digest_of({"tunnel": self.upstream.identity, "ports": forwards})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostService:
    """Ports of the host that steps reach."""

    host: str
    forwards: tuple[PortForward, ...]
    custom_hostname: str = ""

    @property
    def identity(self) -> Digest:
        """What names it in the session."""
        forwards = [[forward.frontend, forward.backend, forward.protocol.value] for forward in self.forwards]
        return digest_of({"host": self.host, "ports": forwards, "hostname": self.custom_hostname})

    @property
    def hostname(self) -> str:
        """Name under which steps reach it."""
        return self.custom_hostname or short_name(self.identity)


Service = ContainerService | TunnelService | HostService


def short_name(identity: Digest) -> str:
    """A host name made of a digest: 13 characters of [a-z2-7], as one DNS label (RFC 1035, 2.3.1)."""
    raw = hashlib.blake2b(identity.encode(), digest_size=8).digest()
    return base64.b32encode(raw).decode().lower().rstrip("=")
