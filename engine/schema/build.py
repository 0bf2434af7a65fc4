"""Join the schema's source and the resolvers into an executable schema."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    IntValueNode,
    StringValueNode,
    build_ast_schema,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
)

from engine.errors import EngineError
from engine.schema.legacy import loadable_types, loaders, with_legacy
from engine.schema.source import read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from graphql import GraphQLArgument, GraphQLField, ValueNode

    Resolver = Callable[..., Any]


class IncompleteSchema(EngineError):
    """Raised when the schema's fields and the resolvers do not match one to one."""

    def __init__(self, *, fields: Iterable[str], resolvers: Iterable[str]) -> None:
        self.fields = sorted(fields)
        self.resolvers = sorted(resolvers)
        complaints = [f"no resolver for {name}" for name in self.fields]
        complaints += [f"no field for resolver {name}" for name in self.resolvers]
        super().__init__("schema and resolvers differ: " + ", ".join(complaints))


def build_schema(resolvers: Mapping[str, Resolver]) -> GraphQLSchema:
    """Build the schema; `resolvers` are `(parent, info, **arguments)` under `Type.field`.

    The `load<Type>FromID` fields that `resolvers` leaves out are made of `Query.node`.
    Raises IncompleteSchema when a field has no resolver, or a resolver no field.
    """
    document = parse(read_source(), no_location=True)
    schema = build_ast_schema(with_legacy(document), assume_valid=True, assume_valid_sdl=True)
    table = dict(resolvers)
    if "Query.node" in table:
        table = loaders(loadable_types(document), table["Query.node"]) | table
    _attach(schema, table)
    for named in schema.type_map.values():
        if isinstance(named, GraphQLEnumType):
            _accept_aliases(named)
        elif isinstance(named, GraphQLScalarType) and not is_specified_scalar_type(named):
            _accept_strings(named)
    return schema


def object_fields(schema: GraphQLSchema) -> dict[str, GraphQLField]:
    """Give every field that needs a resolver, under `Type.field`."""
    objects = [named for named in schema.type_map.values() if isinstance(named, GraphQLObjectType)]
    return {
        f"{named.name}.{name}": field
        for named in objects
        if not is_introspection_type(named)
        for name, field in named.fields.items()
    }


def expected_type(element: GraphQLArgument | GraphQLField) -> str | None:
    """Give the type of object that an argument's or field's ID names, None when it is no such ID."""
    return directive_argument(element, "expectedType", "name")


def directive_argument(element: Any, directive: str, argument: str) -> str | None:
    """Give a string argument of a directive on a schema element, None where the directive is absent."""
    for applied in (element.ast_node and element.ast_node.directives) or ():
        if applied.name.value == directive:
            return next((str(a.value.value) for a in applied.arguments or () if a.name.value == argument), None)
    return None


def _attach(schema: GraphQLSchema, table: Mapping[str, Resolver]) -> None:
    fields = object_fields(schema)
    if fields.keys() != table.keys():
        raise IncompleteSchema(fields=fields.keys() - table.keys(), resolvers=table.keys() - fields.keys())
    for name, field in fields.items():
        field.resolve = table[name]


def _accept_aliases(enum: GraphQLEnumType) -> None:
    for value in enum.values.values():
        alias = directive_argument(value, "enumValue", "value")
        if alias:
            value.value = alias
    # Dagger takes a quoted name too.
    enum.coerce_input_literal = MethodType(_enum_literal, enum)  # type: ignore[method-assign]


def _enum_literal(self: GraphQLEnumType, value_node: ValueNode, hide_suggestions: bool = False) -> Any:
    if isinstance(value_node, StringValueNode):
        return self.coerce_input_value(value_node.value, hide_suggestions)
    return GraphQLEnumType.coerce_input_literal(self, value_node, hide_suggestions)  # type: ignore[arg-type]


def _accept_strings(scalar: GraphQLScalarType) -> None:
    def from_value(value: object) -> str:
        if isinstance(value, str):
            return value
        raise GraphQLError(f"{scalar.name} must be a string, not {value!r}.")

    def from_literal(node: ValueNode) -> str:
        # A client that finds an integer in an ID sends it without quotes.
        if isinstance(node, StringValueNode | IntValueNode):
            return node.value
        raise GraphQLError(f"{scalar.name} must be a string.", node)

    scalar.coerce_input_value = from_value
    scalar.coerce_input_literal = from_literal
