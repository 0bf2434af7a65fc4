"""JSON values as objects of the API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonValue:
    """One value; never changed in place."""

    value: object = None

    @classmethod
    def parse(cls, text: str) -> JsonValue:
        """Read JSON; raises InvalidRequest for another text."""
        try:
            return cls(value=json.loads(text))
        except ValueError as error:
            raise InvalidRequest(f"not JSON: {error}") from error

    def at(self, path: Sequence[str]) -> JsonValue:
        """Value below; raises InvalidRequest when it is missing."""
        value = self.value
        for name in path:
            if not isinstance(value, dict) or name not in value:
                raise InvalidRequest(f"field {'.'.join(path)} does not exist")
            value = value[name]
        return JsonValue(value=value)

    def with_at(self, path: Sequence[str], new: object) -> JsonValue:
        """Set a value below, making the objects on the way."""
        if not path:
            return JsonValue(value=new)
        here = dict(self.value) if isinstance(self.value, dict) else {}
        here[path[0]] = JsonValue(value=here.get(path[0])).with_at(path[1:], new).value
        return JsonValue(value=here)

    def contents(self, *, pretty: bool, indent: str) -> str:
        """The value as JSON text."""
        if pretty:
            return json.dumps(self.value, indent=indent, ensure_ascii=False)
        return json.dumps(self.value, separators=(",", ":"), ensure_ascii=False)

    def typed(self, kind: type) -> object:
        """The bare value; raises InvalidRequest when it is of another type."""
        if not isinstance(self.value, kind) or (kind is int and isinstance(self.value, bool)):
            raise InvalidRequest(
                f"the JSON value {self.contents(pretty=False, indent='')} is not of type {kind.__name__}"
            )
        return self.value
