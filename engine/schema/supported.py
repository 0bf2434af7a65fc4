"""Write down which fields of the API are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.schema.build import build_schema, object_fields
from engine.version import DAGGER_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_HEAD = f"""# Which parts of Dagger's API this engine answers

Written by `python -m engine supported-api`; do not edit. The API is Dagger's {DAGGER_VERSION}, as its SDKs of that
version see it.

A field that is not in a table below is not in the schema: the SDK raises `InvalidQueryError` before it sends anything.
A field that is there but **not supported** answers with an error that says why; nothing is silently ignored.
Old clients' `load<Type>FromID` fields are there for every type.
"""


def supported_api(resolvers: Mapping[str, Callable[..., Any]]) -> str:
    """Give the page as Markdown; a resolver is not supported when its attribute `not_supported` says why."""
    types: dict[str, list[str]] = {}
    answered = 0
    fields = object_fields(build_schema(resolvers))
    for name in sorted(fields.keys() & resolvers.keys()):
        why = getattr(resolvers[name], "not_supported", None)
        answered += not why
        type_name, field_name = name.split(".")
        description = fields[name].description or ""
        types.setdefault(type_name, []).append(f"| `{field_name}` | {_answer(why)} | {description} |")
    parts = [_HEAD, f"{answered} of {sum(map(len, types.values()))} fields are answered.\n"]
    for type_name, rows in types.items():
        parts.append("\n".join([f"## {type_name}\n", "| field | answered | what it is |", "|---|---|---|", *rows, ""]))
    return "\n".join(parts)


def _answer(why: object) -> str:
    if not why:
        return "yes"
    return f"**not supported**: {why}" if isinstance(why, str) else "**not supported**"
