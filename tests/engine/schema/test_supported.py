"""The page that says which fields are answered."""

from __future__ import annotations

from engine.schema.api import resolvers
from engine.schema.supported import supported_api

PAGE = supported_api(resolvers())


def test_a_field_that_is_answered_says_so() -> None:
    assert any(line.startswith("| `withExec` | yes | ") for line in PAGE.splitlines())


def test_a_field_that_is_not_supported_says_why() -> None:
    assert any(
        line.startswith("| `terminal` | **not supported**: it has no interactive terminal | ")
        for line in PAGE.splitlines()
    )


def test_the_number_of_answered_fields_is_that_of_the_tables() -> None:
    refused = sum(1 for resolver in resolvers().values() if getattr(resolver, "not_supported", None))
    assert f"{len(resolvers()) - refused} of {len(resolvers())} fields are answered." in PAGE
