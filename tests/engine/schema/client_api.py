"""Read Dagger's API as its Python client calls it, out of the client's source."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

_SCALARS = {"str": "String", "int": "Int", "bool": "Boolean", "float": "Float"}
NO_DEFAULT = object()


@dataclass(frozen=True, kw_only=True)
class Argument:
    type: str
    """As GraphQL writes it; objects by their own name, where the API has an ID."""
    default: object


@dataclass(frozen=True, kw_only=True)
class Field:
    type: str
    arguments: dict[str, Argument]


def _source() -> ast.Module:
    package = find_spec("dagger")
    assert package
    assert package.origin
    return ast.parse((Path(package.origin).parent / "client" / "gen.py").read_text())


def enums() -> dict[str, dict[str, str]]:
    """Give each enum's member names with their values."""
    return {
        node.name: {
            target.id: statement.value.value
            for statement in node.body
            if isinstance(statement, ast.Assign)
            and isinstance(target := statement.targets[0], ast.Name)
            and isinstance(statement.value, ast.Constant)
        }
        for node in _classes("Enum")
    }


def inputs() -> dict[str, dict[str, tuple[str, bool]]]:
    """Give each input's fields: type, and whether there is a default."""
    return {
        node.name: {
            statement.target.id: (_graphql(statement.annotation, node.name), statement.value is not None)
            for statement in node.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        }
        for node in _classes("Input")
    }


def scalars() -> set[str]:
    return {node.name for node in _classes("Scalar")}


def objects() -> dict[str, dict[str, Field]]:
    """Give each object type's fields."""
    return {
        node.name: dict(
            found
            for method in node.body
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and (found := _field(method, node.name))
        )
        for node in [*_classes("Type"), *_classes("Root")]
        if not node.name.startswith("_")
    }


def _classes(base: str) -> list[ast.ClassDef]:
    return [
        node
        for node in _source().body
        if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id == base for b in node.bases)
    ]


def _field(method: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> tuple[str, Field] | None:
    calls = [node for node in ast.walk(method) if isinstance(node, ast.Call)]
    for call in calls:
        match call:
            case ast.Call(func=ast.Attribute(attr="_select"), args=[ast.Constant(value=name), _]):
                return name, Field(type=_graphql(method.returns, owner), arguments=_arguments(method, calls, owner))
            case ast.Call(func=ast.Attribute(attr="execute_sync"), args=[_, ast.Constant(value=name), _]):
                return name, Field(type=f"{owner}!", arguments=_arguments(method, calls, owner))
    return None


def _arguments(
    method: ast.FunctionDef | ast.AsyncFunctionDef, calls: list[ast.Call], owner: str
) -> dict[str, Argument]:
    annotations = {arg.arg: arg.annotation for arg in [*method.args.args, *method.args.kwonlyargs]}
    found = {}
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == "Arg":
            name, value, *default = call.args
            assert isinstance(name, ast.Constant)
            parameter = next(n.id for n in ast.walk(value) if isinstance(n, ast.Name) and n.id in annotations)
            found[name.value] = Argument(
                type=_graphql(annotations[parameter], owner), default=_default(default[0]) if default else NO_DEFAULT
            )
    return found


def _default(node: ast.expr) -> object:
    if isinstance(node, ast.Attribute):
        return node.attr
    value = ast.literal_eval(node)
    return list(value) if isinstance(value, tuple) else value


def _graphql(annotation: ast.expr | None, owner: str) -> str:
    match annotation:
        case ast.Constant(value=str(text)):
            return _graphql(ast.parse(text, mode="eval").body, owner)
        case ast.BinOp(left=inner, right=ast.Constant(value=None)):
            return _graphql(inner, owner).removesuffix("!")
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            return f"[{_graphql(inner, owner)}]!"
        case ast.Name(id="Self"):
            return f"{owner}!"
        case ast.Name(id=name):
            return f"{_SCALARS.get(name, name)}!"
    raise AssertionError(ast.dump(annotation) if annotation else owner)
