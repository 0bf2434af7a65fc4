"""Every object has an id, can be loaded by it, and can be synced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from engine.session.lazy import Node


async def resolve_id(parent: Node | None, _info: GraphQLResolveInfo[Any]) -> str:
    """Give the id; does not evaluate the object."""
    return parent.id if parent else "Query@root"


async def resolve_sync(parent: Node, info: GraphQLResolveInfo[Any]) -> str:
    """Evaluate the object, then give its id."""
    await info.context.nodes.value(parent)
    return parent.id


async def resolve_node(_parent: None, info: GraphQLResolveInfo[Any], *, id: str) -> Node:
    """Give the object of an id."""
    return info.context.nodes.load(id)  # type: ignore[no-any-return]
