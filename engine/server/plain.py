"""Recognise valid documents of the form that Dagger's clients write: one query, chains of fields, values in place.

graphql-core shows every node of a document to two dozen rules; that was half of what the engine computed, and nearly
always in vain. This says only `valid` or `ask the rules`: what is invalid, and how to say so, is their affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql import (
    FieldNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_named_type,
    is_required_argument,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphql import DocumentNode, GraphQLField, GraphQLSchema, SelectionNode, SelectionSetNode, ValueNode

    Composite = GraphQLObjectType | GraphQLInterfaceType


@dataclass(frozen=True, slots=True)
class _Field:
    """What counts of a field: its arguments, those that must be given, and what may be selected of it."""

    arguments: frozenset[str]
    required: frozenset[str]
    composite: Composite | None

    @classmethod
    def of(cls, field: GraphQLField) -> _Field:
        kind = get_named_type(field.type)
        return cls(
            arguments=frozenset(field.args),
            required=frozenset(name for name, argument in field.args.items() if is_required_argument(argument)),
            composite=kind if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else None,
        )


class PlainDocuments:
    """Knows the plain documents of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        # The event loop's thread alone fills it.
        self._fields: dict[tuple[str, str], _Field | None] = {}

    def accept(self, document: DocumentNode) -> bool:
        """Whether the document is plain and valid; of others it says nothing."""
        if len(document.definitions) != 1:
            return False
        query = document.definitions[0]
        if not isinstance(query, OperationDefinitionNode) or query.operation is not OperationType.QUERY:
            return False
        if query.variable_definitions or query.directives:
            return False
        return self._all_accepted(query.selection_set)

    def _all_accepted(self, selected: SelectionSetNode) -> bool:
        """Look at every selection set, without recursion: chains are long."""
        pending: list[tuple[Composite | None, SelectionSetNode]] = [(self._schema.query_type, selected)]
        while pending:
            parent, selections = pending.pop()
            below = self._below(parent, selections.selections) if parent else None
            if below is None:
                return False
            pending += below
        return True

    def _below(
        self, parent: Composite, selections: Sequence[SelectionNode]
    ) -> list[tuple[Composite, SelectionSetNode]] | None:
        """Give the selection sets within these selections; None for what is not plainly valid."""
        if len(selections) == 1 and isinstance(fragment := selections[0], InlineFragmentNode):
            return self._within(parent, fragment)
        names = set()
        below = []
        for selection in selections:
            if not isinstance(selection, FieldNode) or selection.directives:
                return None
            names.add((selection.alias or selection.name).value)
            field = self._field(parent, selection.name.value)
            if field is None or not _given_as_declared(field, selection):
                return None
            if (field.composite is None) != (selection.selection_set is None):
                return None
            if field.composite and selection.selection_set:
                below.append((field.composite, selection.selection_set))
        # Fields of one name would have to agree (specification, "Field Selection Merging").
        return below if len(names) == len(selections) else None

    def _within(
        self, parent: Composite, fragment: InlineFragmentNode
    ) -> list[tuple[Composite, SelectionSetNode]] | None:
        kind = self._schema.get_type(fragment.type_condition.name.value) if fragment.type_condition else None
        if fragment.directives or not isinstance(kind, GraphQLObjectType):
            return None
        possible = kind is parent or (
            isinstance(parent, GraphQLInterfaceType) and self._schema.is_sub_type(parent, kind)
        )
        return [(kind, fragment.selection_set)] if possible else None

    def _field(self, parent: Composite, name: str) -> _Field | None:
        key = parent.name, name
        if key not in self._fields:
            declared = parent.fields.get(name)
            self._fields[key] = _Field.of(declared) if declared else None
        return self._fields[key]


def _given_as_declared(field: _Field, selection: FieldNode) -> bool:
    given = selection.arguments or ()
    names = {argument.name.value for argument in given}
    return (
        len(names) == len(given)
        and names <= field.arguments
        and field.required <= names
        and all(_is_plain(argument.value) for argument in given)
    )


def _is_plain(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return all(map(_is_plain, value.values))
    if isinstance(value, ObjectValueNode):
        names = {field.name.value for field in value.fields}
        return len(names) == len(value.fields) and all(_is_plain(field.value) for field in value.fields)
    return not isinstance(value, VariableNode)
