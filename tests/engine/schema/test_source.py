"""The schema's source text."""

from __future__ import annotations

from graphql import parse

from engine.schema.source import read_source, schema_digest


def test_the_source_is_a_schema() -> None:
    assert any(kind.name.value == "Container" for kind in parse(read_source()).definitions)


def test_the_digest_names_one_version() -> None:
    assert schema_digest() == schema_digest()
    assert len(schema_digest()) == 64
