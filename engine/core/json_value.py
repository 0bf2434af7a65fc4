"""JSON values as objects of the API: their text as given, and what is in it (dagger core/schema/jsonvalue.go)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_EXACT = 1 << 53
_PLAIN = 10**21
"""Numbers from here on are written with an exponent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonValue:
    """One value; never changed in place."""

    text: str = "null"

    @classmethod
    def parse(cls, text: str) -> JsonValue:
        """Take a text as it is; raises InvalidRequest for one that is not JSON."""
        _parsed(text)
        return cls(text=text)

    @classmethod
    def of(cls, value: object) -> JsonValue:
        """Write a value."""
        return cls(text=_written(value))

    @property
    def value(self) -> object:
        """What the text means."""
        return _parsed(self.text)

    def at(self, path: Sequence[str]) -> JsonValue:
        """Value below; raises InvalidRequest when it is missing."""
        value = self.value
        for name in path:
            if not isinstance(value, dict):
                raise InvalidRequest(f"can't lookup field '{name}' in non-object value")
            if name not in value:
                raise InvalidRequest(f"no such field: '{name}'")
            value = value[name]
        return JsonValue.of(value)

    def with_at(self, path: Sequence[str], new: object) -> JsonValue:
        """Set a value below, making the objects on the way; what is no object becomes one."""
        return JsonValue.of(_with(self.value, path, new))

    def contents(self, *, pretty: bool, indent: str) -> str:
        """The value as JSON text: as it was given, or pretty."""
        return _written(self.value, indent) if pretty else self.text

    def fields(self) -> list[str]:
        """Names in an object, sorted; raises InvalidRequest for another value."""
        value = self.value
        if not isinstance(value, dict):
            raise InvalidRequest("value is not an object")
        return sorted(value)

    def items(self) -> list[JsonValue]:
        """Values in an array; raises InvalidRequest for another value."""
        value = self.value
        if not isinstance(value, list):
            raise InvalidRequest("value is not an array")
        return [JsonValue.of(item) for item in value]

    def boolean(self) -> bool:
        """The bare value; raises InvalidRequest when it is of another type."""
        value = self.value
        if not isinstance(value, bool):
            raise InvalidRequest("value is not a boolean")
        return value

    def integer(self) -> int:
        """The bare value, 0 for null; raises InvalidRequest when it is of another type."""
        value = self.value
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidRequest(f"the JSON value {self.text} is not an integer")
        return value

    def string(self) -> str:
        """The bare value, empty for null; raises InvalidRequest when it is of another type."""
        value = self.value
        if value is None:
            return ""
        if not isinstance(value, str):
            raise InvalidRequest(f"the JSON value {self.text} is not a string")
        return value


def _parsed(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_unknown)
    except ValueError as error:
        raise InvalidRequest(f"invalid JSON: {error}") from error


def _unknown(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _with(value: object, path: Sequence[str], new: object) -> object:
    here = dict(value) if isinstance(value, dict) else {}
    if path:
        below = here.get(path[0])
        here[path[0]] = _with(below, path[1:], new) if path[1:] else new
    return here


def _written(value: object, indent: str | None = None) -> str:
    """Write as Go's encoding/json does: names sorted, numbers as floats, HTML escaped."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(_plain(value), indent=indent, separators=separators, ensure_ascii=False, sort_keys=True)
    return "".join(_ESCAPED.get(character, character) for character in text)


def _plain(value: object) -> object:
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case float() if value.is_integer() and abs(value) < _PLAIN:
            return int(value)
        case int() if not isinstance(value, bool) and abs(value) > _EXACT:
            return _plain(float(value))
    return value
