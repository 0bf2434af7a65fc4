"""Hand out the addresses of the session's subnet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Network


class Addresses:
    """Which addresses are in use; one object owns a subnet, and its network is the only user.

    Addresses are taken in turn, so that one that was freed comes up again as late as possible: the kernel takes
    some time to remove what had it.
    """

    def __init__(self, subnet: IPv4Network) -> None:
        self._subnet = subnet
        self._last = subnet.num_addresses - 2
        self._first = 2
        self._next = self._first
        self._used: set[int] = set()

    def take(self) -> str:
        """Give an address that nobody has."""
        for number in self._in_turn():
            if number not in self._used:
                self._used.add(number)
                self._next = number + 1 if number < self._last else self._first
                return str(self._subnet[number])
        raise EngineError(f"all addresses of {self._subnet} are in use: stop some services")

    def free(self, address: str) -> None:
        """Take an address back."""
        self._used.discard(next(n for n in self._used if str(self._subnet[n]) == address))

    def _in_turn(self) -> Iterator[int]:
        yield from range(self._next, self._last + 1)
        yield from range(self._first, self._next)
