"""What only clients before v0.22 see."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from graphql import build_ast_schema, parse

from engine.errors import InvalidRequest
from engine.schema.legacy import loadable_types, loaders, with_legacy

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = parse(
    """
    type Query { node(id: ID!): Node }
    interface Node { id: ID! }
    interface Syncer implements Node { id: ID! }
    type File implements Syncer & Node { id: ID! }
    type Port implements Node { id: ID! }
    enum Kind { A }
    """
)


def _info() -> object:
    interfaces = {"File": ["Syncer", "Node"], "Port": ["Node"]}
    types = {
        name: SimpleNamespace(interfaces=[SimpleNamespace(name=n) for n in names]) for name, names in interfaces.items()
    }
    return SimpleNamespace(schema=SimpleNamespace(get_type=types.get))


def _node(value: object) -> Callable[..., object]:
    """Answer `Query.node` with one value."""
    return lambda _parent, _info, **_id: value


def test_objects_and_interfaces_are_loaded_by_old_clients() -> None:
    assert loadable_types(DOCUMENT) == ["Syncer", "File", "Port"]


def test_every_one_has_a_scalar_and_a_field() -> None:
    schema = build_ast_schema(with_legacy(DOCUMENT))
    assert schema.query_type
    field = schema.query_type.fields["loadFileFromID"]
    assert [str(field.type), str(field.args["id"].type)] == ["File!", "FileID!"]


@pytest.mark.parametrize("expected", ["File", "Syncer"])
async def test_an_object_is_loaded_by_its_type_or_an_interface(expected: str) -> None:
    file = SimpleNamespace(type_name="File")
    load = loaders(["File", "Syncer"], _node(file))[f"Query.load{expected}FromID"]
    assert await load(None, _info(), id="x") is file


async def test_an_object_of_another_type_is_refused() -> None:
    load = loaders(["File"], _node(SimpleNamespace(type_name="Port")))["Query.loadFileFromID"]
    with pytest.raises(InvalidRequest, match=r"^load File: expected File, got Port$"):
        await load(None, _info(), id="x")


async def test_no_object_is_refused() -> None:
    load = loaders(["File"], _node(None))["Query.loadFileFromID"]
    with pytest.raises(InvalidRequest, match="invalid ID string: 'x'"):
        await load(None, _info(), id="x")
