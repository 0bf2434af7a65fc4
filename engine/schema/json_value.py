"""Fields of JSONValue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.json_value import JsonValue
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from engine.session.session import Session

fields = Fields("JSONValue")


@fields.leaf("contents")
def contents(_session: Session, receiver: JsonValue, *, pretty: bool, indent: str) -> str:
    return receiver.contents(pretty=pretty, indent=indent)


@fields.eager("field")
def field(_session: Session, receiver: JsonValue, *, path: list[str]) -> JsonValue:
    return receiver.at(path)


@fields.leaf("fields")
def names(_session: Session, receiver: JsonValue) -> list[str]:
    return receiver.fields()


@fields.leaf("asArray")
def as_array(_session: Session, receiver: JsonValue) -> list[JsonValue]:
    return receiver.items()


@fields.leaf("asBoolean")
def as_boolean(_session: Session, receiver: JsonValue) -> bool:
    return receiver.boolean()


@fields.leaf("asInteger")
def as_integer(_session: Session, receiver: JsonValue) -> int:
    return receiver.integer()


@fields.leaf("asString")
def as_string(_session: Session, receiver: JsonValue) -> str:
    return receiver.string()


def _new(_session: Session, _receiver: JsonValue, *, value: object) -> JsonValue:
    return JsonValue.of(value)


for name in ("newBoolean", "newInteger", "newString"):
    fields.lazy(name)(_new)


@fields.lazy("withContents")
def with_contents(_session: Session, _receiver: JsonValue, *, contents: str) -> JsonValue:
    return JsonValue.parse(contents)


@fields.lazy("withField")
def with_field(_session: Session, receiver: JsonValue, *, path: list[str], value: JsonValue) -> JsonValue:
    return receiver.with_at(path, value.value)
