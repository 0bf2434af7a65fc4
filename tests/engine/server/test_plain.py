"""Plain documents: what is taken for valid is so by every rule; what clients write is taken; all else is left."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from graphql import GraphQLSyntaxError, build_schema, parse, validate

from engine.server.document import DEEPEST, FRAMES, parse_document
from engine.server.plain import PlainDocuments
from engine.server.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = build_schema(
    """
    interface Node { id: ID! }
    type Container implements Node {
      id: ID!
      withExec(args: [String!]!, insecure: Boolean = false): Container!
      withPorts(ports: [Port!]!): Container!
      stdout: String!
      mounts: [String!]!
      files: [File!]!
    }
    type File implements Node { id: ID! name: String! }
    type Other { id: ID! }
    input Port { backend: Int! frontend: Int }
    type Query { container: Container! file(path: String!): File! node(id: ID!): Node! other: Other! version: String! }
    type Mutation { version: String! }
    """
)

PLAIN = [
    "{ version }",
    "query { container { id } }",
    'query Named { container { withExec(args: ["sh", "-c", "true"], insecure: true) { stdout } } }',
    "{ container: container { withExec: withExec(args: []) { withExec: withExec(args: []) { stdout mounts } } } }",
    "{ container { withPorts(ports: [{backend: 1, frontend: 2}, {backend: 3}]) { id files { name } } } }",
    'query { one: file(path: "a") { id } two: file(path: "b") { id name } }',
    'query { node(id: "x") { ... on Container { stdout } } }',
    "{ container { ... on Container { id } } }",
]

INVALID = [
    "{ missing }",
    "{ container { missing } }",
    "{ container }",
    "{ container { files } }",
    "{ file { id } }",
    '{ file(path: "a", more: 1) { id } }',
    '{ file(path: "a", path: "b") { id } }',
    "{ container { withPorts(ports: [{backend: 1, backend: 2}]) { id } } }",
    "{ container { withExec(args: [$what]) { id } } }",
    'query { one: file(path: "a") { id } one: file(path: "b") { id } }',
    '{ node(id: "x") { ... on Other { id } } }',
    '{ node(id: "x") { ... on Missing { id } } }',
    '{ node(id: "x") { stdout } }',
    "{ container { ... on File { id } } }",
    "{ version @missing }",
    "query @missing { version }",
    "{ container { ... @missing { id } } }",
    "query ($a: String, $a: String) { version }",
    "query A { version } query A { version }",
    "{ ...missing }",
    "fragment f on Container { id }",
    "subscription { version }",
    "type Query { a: Int }",
]

LEFT = [
    "{ __typename }",
    "{ __schema { types { name } } }",
    "{ version @skip(if: true) }",
    "query ($path: String!) { file(path: $path) { id } }",
    "mutation { version }",
    "{ container { ...f } } fragment f on Container { id }",
    "{ version version }",
    "{ version { id } }",
    "{ container { ... on Node { id } } }",
    "{ container { id ... on Container { stdout } } }",
]


@pytest.fixture
def plain() -> PlainDocuments:
    return PlainDocuments(SCHEMA)


@pytest.mark.parametrize("text", PLAIN)
def test_what_clients_write_is_taken_and_the_rules_agree(text: str, plain: PlainDocuments) -> None:
    document = parse(text)
    assert plain.accept(document)
    assert validate(SCHEMA, document, RULES) == []


@pytest.mark.parametrize("text", INVALID)
def test_what_a_rule_objects_to_is_not_taken(text: str, plain: PlainDocuments) -> None:
    document = parse(text)
    assert validate(SCHEMA, document, RULES)
    assert not plain.accept(document)


@pytest.mark.parametrize("text", LEFT)
def test_valid_documents_of_other_forms_are_left_to_the_rules(text: str, plain: PlainDocuments) -> None:
    assert not plain.accept(parse(text))


@pytest.mark.parametrize("text", [*PLAIN, *LEFT])
def test_no_part_of_a_document_can_be_made_wrong_unnoticed(text: str, plain: PlainDocuments) -> None:
    """Take every word out, in turn, and put another in its place: what is taken must still be valid."""
    words = text.split()
    for place, _ in enumerate(words):
        for other in ("", "missing", "id", "version", "container", '"text"', "{", "}", "@skip(if: true)", "..."):
            changed = " ".join([*words[:place], other, *words[place + 1 :]])
            try:
                document = parse(changed)
            except GraphQLSyntaxError:
                continue
            if plain.accept(document):
                assert validate(SCHEMA, document, RULES) == [], changed


@pytest.fixture
def frames() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, FRAMES))
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("frames")
def test_the_longest_chain_of_calls_is_no_strain(plain: PlainDocuments) -> None:
    calls = DEEPEST - 10
    document = parse_document("{ container {" + "withExec(args: []) {" * calls + "stdout" + "}" * calls + "} }")
    # With fewer frames than the chain has calls.
    sys.setrecursionlimit(500)
    assert plain.accept(document)
