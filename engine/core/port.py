"""Ports that a container listens on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Protocol(Enum):
    """Transport of a port (Dagger's NetworkProtocol)."""

    TCP = "TCP"
    UDP = "UDP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One exposed port."""

    port: int
    protocol: Protocol = Protocol.TCP
    description: str | None = None
    experimental_skip_healthcheck: bool = False

    @property
    def spec(self) -> str:
        """As in an image configuration: `80/tcp`."""
        return f"{self.port}/{self.protocol.value.lower()}"

    @classmethod
    def from_spec(cls, spec: str) -> Port:
        """Read `80/tcp` or `80`."""
        number, _, protocol = spec.partition("/")
        return cls(port=int(number), protocol=Protocol(protocol.upper() or "TCP"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PortForward:
    """Lead `frontend` (None: any free port, or the backend's number) to `backend`."""

    backend: int
    frontend: int | None = None
    protocol: Protocol = Protocol.TCP
