"""Register what answers a field, and make it a GraphQL resolver: here, and only here, is laziness decided.

lazy    gives an object; nothing runs before somebody needs its value
eager   gives an object; its value is found when the field is selected, and kept for the session
fresh   gives an object; its value is found at each selection, and is the same object while its `identity` is
leaf    gives a scalar, a list, or an object that may be null; runs each time
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLID, get_named_type, get_nullable_type, is_list_type, is_object_type

from engine.core.digest import digest_of
from engine.errors import NotSupported
from engine.schema.build import expected_type
from engine.session.lazy import Node

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from graphql import GraphQLField, GraphQLResolveInfo

    from engine.session.session import Session

    Function = Callable[..., Any]

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEYWORDS = {"from": "from_"}


@dataclass(frozen=True, slots=True)
class _Arguments:
    """The arguments of one field: which are ids, and of what."""

    types: Mapping[str, str | None]

    @classmethod
    def of(cls, field: GraphQLField) -> _Arguments:
        return cls({name: expected_type(argument) for name, argument in field.args.items()})

    def nodes(self, session: Session, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Ids become nodes; all else stays."""
        return {name: self._node(session, name, value) for name, value in raw.items()}

    def _node(self, session: Session, name: str, value: Any) -> Any:
        kind = self.types.get(name)
        if kind is None or value is None:
            return value
        if isinstance(value, list):
            return [session.nodes.load(text, kind) for text in value]
        return session.nodes.load(value, kind)


async def _values(session: Session, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Nodes become values; names become Python's."""
    found = {}
    for name, argument in arguments.items():
        found[_python_name(name)] = await _value(session, argument)
    return found


async def _value(session: Session, argument: Any) -> Any:
    if isinstance(argument, Node):
        return await session.nodes.value(argument)
    if isinstance(argument, list):
        return [await _value(session, item) for item in argument]
    return argument


def _python_name(name: str) -> str:
    snake = _CAPITAL.sub("_", name).lower()
    return _KEYWORDS.get(snake, snake)


def _recipe(value: Any) -> Any:
    if isinstance(value, Node):
        return value.recipe
    return [_recipe(item) for item in value] if isinstance(value, list) else value


class Fields:
    """The fields of one type. Functions are `(session, receiver, *, arguments…)`, plain or async, values in and out."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name
        self.resolvers: dict[str, Function] = {}

    def lazy(self, name: str) -> Callable[[Function], Function]:
        """Register a field that gives an object when it is needed."""
        return self._register(name, _lazy)

    def eager(self, name: str) -> Callable[[Function], Function]:
        """Register a field that gives an object and finds its value at once; `noCache: true` finds it anew."""
        return self._register(name, _eager)

    def fresh(self, name: str) -> Callable[[Function], Function]:
        """Register a field that gives an object and finds its value each time; values have an `identity`."""
        return self._register(name, _fresh)

    def leaf(self, name: str) -> Callable[[Function], Function]:
        """Register a field that gives a scalar or a list, or an object that may be null."""
        return self._register(name, _leaf)

    def plain(self, *names: str) -> None:
        """Register fields that are attributes of the value under the same name."""
        for name in names:
            self.leaf(name)(_attribute(_python_name(name)))

    def not_supported(self, name: str, why: str) -> None:
        """Register a field that is declared, and answers with an error that names it."""
        message = f"{self.type_name}.{name} is not supported by this engine: {why}"

        async def refuse(_parent: object, _info: object, **_arguments: object) -> object:
            raise NotSupported(message)

        refuse.not_supported = why  # type: ignore[attr-defined]
        self.resolvers[f"{self.type_name}.{name}"] = refuse

    def _register(self, name: str, kind: Callable[[_Call], Awaitable[Any]]) -> Callable[[Function], Function]:
        def register(function: Function) -> Function:
            self.resolvers[f"{self.type_name}.{name}"] = _resolver(function, kind)
            return function

        return register


@dataclass(frozen=True, slots=True)
class _Call:
    """One selection of a field."""

    session: Session
    parent: Node | None
    field: GraphQLField
    name: str
    arguments: Mapping[str, Any]
    function: Function

    @property
    def type_name(self) -> str:
        return get_named_type(self.field.type).name

    def recipe(self, *more: object) -> Any:
        arguments = {name: _recipe(value) for name, value in self.arguments.items()}
        parent = self.parent.recipe if self.parent else None
        return digest_of([self.session.key, self.name, parent, arguments, *more])

    async def run(self) -> Any:
        receiver = await self.session.nodes.value(self.parent) if self.parent else None
        result = self.function(self.session, receiver, **await _values(self.session, self.arguments))
        return await result if hasattr(result, "__await__") else result

    def node(self, *more: object) -> Node:
        node = Node(type_name=self.type_name, recipe=self.recipe(*more), compute=self.run)
        return self.session.nodes.intern(node)

    def constant(self, value: object, *more: object) -> Node:
        async def compute() -> object:
            return value

        return self.session.nodes.intern(Node(type_name=self.type_name, recipe=self.recipe(*more), compute=compute))


def _resolver(function: Function, kind: Callable[[_Call], Awaitable[Any]]) -> Function:
    known: list[_Arguments] = []

    async def resolve(parent: Node | None, info: GraphQLResolveInfo[Any], **raw: Any) -> Any:
        session: Session = info.context
        field = info.parent_type.fields[info.field_name]
        if not known:
            known.append(_Arguments.of(field))
        name = f"{info.parent_type.name}.{info.field_name}"
        return await kind(_Call(session, parent, field, name, known[0].nodes(session, raw), function))

    return resolve


async def _lazy(call: _Call) -> Node:
    return call.node()


async def _eager(call: _Call) -> Node:
    node = call.node(secrets.token_hex(8)) if call.arguments.get("noCache") else call.node()
    await call.session.nodes.value(node)
    return node


async def _fresh(call: _Call) -> Node:
    value = await call.run()
    return call.constant(value, value.identity)


async def _leaf(call: _Call) -> Any:
    value = await call.run()
    kind = get_nullable_type(call.field.type)
    if call.parent is not None and kind is GraphQLID:  # start, stop: the object itself again
        return call.parent.id
    if value is None:
        return None
    if is_list_type(kind) and is_object_type(get_named_type(kind)):
        return [call.constant(item, index, secrets.token_hex(8)) for index, item in enumerate(value)]
    if is_object_type(kind):
        return call.constant(value, secrets.token_hex(8))
    return value


def _attribute(name: str) -> Function:
    def read(_session: Session, value: object) -> object:
        found = getattr(value, name)
        return getattr(found, "name", found) if hasattr(found, "value") and hasattr(found, "name") else found

    return read
