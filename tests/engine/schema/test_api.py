"""The table of all fields."""

from __future__ import annotations

from engine.schema.api import TABLES, api_schema, resolvers
from engine.schema.build import object_fields


def test_every_field_of_the_schema_has_a_resolver() -> None:
    fields = {name for name in object_fields(api_schema()) if not name.startswith("Query.load")}
    assert fields - resolvers().keys() == set()


def test_no_field_is_registered_twice() -> None:
    names = [name for fields in TABLES for name in fields.resolvers]
    assert sorted(names) == sorted(set(names))


def test_ids_never_come_from_a_table() -> None:
    assert not [name for fields in TABLES for name in fields.resolvers if name.endswith((".id", ".sync"))]
