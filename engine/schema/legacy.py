"""Add what only clients before v0.22 see: a scalar `<Type>ID` and a field `load<Type>FromID` for every type."""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from graphql import DocumentNode, InterfaceTypeDefinitionNode, ObjectTypeDefinitionNode, parse

from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_WITHOUT_LOADER = ("Query", "Node")


def loadable_types(document: DocumentNode) -> list[str]:
    """Give the names of the types that old clients load by an identity of their own type."""
    kinds = (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)
    names = [definition.name.value for definition in document.definitions if isinstance(definition, kinds)]
    return [name for name in names if name not in _WITHOUT_LOADER]


def with_legacy(document: DocumentNode) -> DocumentNode:
    """Give the document with the scalars, and with the fields as an extension of `Query`."""
    types = loadable_types(document)
    scalars = [f'"Identity of a {name}." scalar {name}ID' for name in types]
    fields = [f'"The {name} with that identity." load{name}FromID(id: {name}ID!): {name}!' for name in types]
    added = parse("\n".join([*scalars, "extend type Query {", *fields, "}"]), no_location=True)
    return DocumentNode(definitions=document.definitions + added.definitions)


def loaders(types: Iterable[str], node: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """Give the fields' resolvers, each made of `Query.node`."""
    return {f"Query.load{name}FromID": _loader(name, node) for name in types}


def _loader(expected: str, node: Callable[..., Any]) -> Callable[..., Any]:
    async def load(parent: object, info: Any, *, id: str) -> object:
        value = node(parent, info, id=id)
        if isawaitable(value):
            value = await value
        if value is None:
            raise InvalidRequest(f"load {expected}: invalid ID string: {id!r}")
        implemented = {interface.name for interface in info.schema.get_type(value.type_name).interfaces}
        if expected != value.type_name and expected not in implemented:
            raise InvalidRequest(f"load {expected}: expected {expected}, got {value.type_name}")
        return value

    return load
