"""Lazy values: what a query built, and what it is worth once somebody needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.core.digest import Digest
    from engine.solver.flights import Flights


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Node:
    """One object of the API: which call made it, and how to find its value."""

    type_name: str
    recipe: Digest
    """Digest of the call that makes the object: field, receiver, arguments."""
    compute: Callable[[], Awaitable[object]]

    @property
    def id(self) -> str:
        """Opaque id. Never looks like an integer: gql would send that without quotes."""
        return f"{self.type_name}@{self.recipe}"


class Nodes:
    """Every object that the session gave out, and the values that are known. Errors are forgotten."""

    def __init__(self, flights: Flights) -> None:
        self._flights = flights
        self._nodes: dict[str, Node] = {}
        self._values: dict[str, object] = {}

    def __repr__(self) -> str:
        return f"<Nodes {len(self._nodes)}, known {len(self._values)}>"

    def intern(self, node: Node) -> Node:
        """Give the one node of that id."""
        return self._nodes.setdefault(node.id, node)

    def load(self, text: str, type_name: str | None = None) -> Node:
        """Give the node of an id; raises InvalidRequest for another text, or another type than asked for."""
        node = self._nodes.get(text)
        if node is None:
            raise InvalidRequest(f"invalid ID string: {text!r} was not given out by this session")
        if type_name is not None and node.type_name != type_name:
            raise InvalidRequest(f"load {type_name}: expected {type_name}, got {node.type_name}")
        return node

    async def value(self, node: Node) -> object:
        """Give the value, computing it at most once at a time."""
        if node.id in self._values:
            return self._values[node.id]
        value = await self._flights.join(node.id, node.compute)
        self._values[node.id] = value
        return value
