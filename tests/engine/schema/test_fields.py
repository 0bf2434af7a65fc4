"""When a field runs what answers it: at once, when needed, each time."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
import pytest
from graphql import build_schema, graphql

from engine.core.digest import digest_of
from engine.errors import NotSupported
from engine.schema.fields import Fields
from engine.session.lazy import Node, Nodes
from engine.solver.flights import Flights

SDL = """
directive @expectedType(name: String!) on ARGUMENT_DEFINITION
type Query { fresh: Thing!  lazy(n: Int, noCache: Boolean): Thing!  eager(n: Int, noCache: Boolean): Thing! }
type Thing {
  id: ID!
  text: String!  maybe: Thing  things: [Thing!]!  again: ID!  manyWords(other: ID @expectedType(name: "Thing")): String!
  refused: String!
}
"""


@dataclass
class _Found:
    identity: str
    text: str = ""

    def __str__(self) -> str:
        return self.text


class _Session:
    """As much of a session as fields need."""

    key = "random"
    found: _Found

    def __init__(self, group) -> None:
        self.nodes = Nodes(Flights(group))
        self.ran = []


query, thing = Fields("Query"), Fields("Thing")


async def _thing(session, _root, *, n=0, no_cache=False):
    session.ran.append(n)
    if n < 0:
        raise NotSupported("negative")
    return n


query.lazy("lazy")(_thing)
query.eager("eager")(_thing)
query.fresh("fresh")(lambda session, _root: session.found)
thing.leaf("text")(lambda _session, value: str(value))
thing.leaf("maybe")(lambda _session, value: value or None)
thing.leaf("things")(lambda _session, value: list(range(value)))
thing.leaf("again")(lambda session, value: session.ran.append("again"))
thing.leaf("manyWords")(lambda _session, value, *, other=None: f"{value} {other}")
thing.not_supported("refused", "for a reason")


@pytest.fixture
async def session():
    async with anyio.create_task_group() as group:
        yield _Session(group)
        group.cancel_scope.cancel()


@pytest.fixture
async def ask(session):
    schema = build_schema(SDL)
    for fields in (query, thing):
        for name, resolver in fields.resolvers.items():
            kind, _, field = name.partition(".")
            schema.type_map[kind].fields[field].resolve = resolver
    schema.type_map["Thing"].fields["id"].resolve = lambda node, _info: node.id

    async def execute(document):
        return await graphql(schema, document, context_value=session)

    return execute


async def test_a_lazy_field_does_not_run_for_its_id(ask, session):
    assert (await ask("{ lazy(n: -1) { id } }")).errors is None
    assert session.ran == []


async def test_a_lazy_field_runs_once_for_all_who_need_it(ask, session):
    await ask("{ lazy(n: 1) { text manyWords } }")
    await ask("{ lazy(n: 1) { text } }")
    assert session.ran == [1]


async def test_an_eager_field_runs_when_it_is_selected(ask, session):
    assert "negative" in str((await ask("{ eager(n: -1) { id } }")).errors)
    assert session.ran == [-1]


async def test_an_error_is_not_kept(ask, session):
    await ask("{ eager(n: -1) { id } }")
    await ask("{ eager(n: -1) { id } }")
    assert session.ran == [-1, -1]


async def test_an_eager_field_is_kept_unless_asked_otherwise(ask, session):
    for _ in range(2):
        await ask("{ eager(n: 1) { id } }")
    assert session.ran == [1]
    for _ in range(2):
        await ask("{ eager(n: 1, noCache: true) { id } }")
    assert session.ran == [1, 1, 1]


async def test_a_fresh_field_is_the_same_object_while_its_identity_is(ask, session):
    async def found(identity, text):
        session.found = _Found(identity, text)
        return (await ask("{ fresh { id text } }")).data["fresh"]

    one, same, other = await found("1", "one"), await found("1", "again"), await found("2", "two")
    assert one == same
    assert other["text"] == "two"
    assert other["id"] != one["id"]


async def test_another_argument_makes_another_object(ask):
    answer = (await ask("{ a: lazy(n: 1) { id } b: lazy(n: 2) { id } c: lazy(n: 1) { id } }")).data
    assert answer["a"] == answer["c"] != answer["b"]


async def test_an_object_may_be_null(ask):
    assert (await ask("{ lazy(n: 0) { maybe { text } } }")).data == {"lazy": {"maybe": None}}


async def test_the_objects_of_a_list_have_ids_of_their_own(ask):
    things = (await ask("{ lazy(n: 2) { things { id text } } }")).data["lazy"]["things"]
    assert [found["text"] for found in things] == ["0", "1"]
    assert len({found["id"] for found in things}) == 2


async def test_a_field_that_gives_its_own_id_runs_each_time(ask, session):
    answer = (await ask("{ lazy(n: 1) { id again } }")).data["lazy"]
    assert answer["again"] == answer["id"]
    assert session.ran == [1, "again"]


async def test_an_id_becomes_the_value_of_its_object(ask, session):
    async def compute():
        return "the other"

    other = session.nodes.intern(Node(type_name="Thing", recipe=digest_of("x"), compute=compute))
    answer = await ask(f'{{ lazy(n: 1) {{ manyWords(other: "{other.id}") }} }}')
    assert answer.data == {"lazy": {"manyWords": "1 the other"}}


async def test_an_id_of_another_type_is_refused(ask, session):
    async def compute():
        return None

    other = session.nodes.intern(Node(type_name="Other", recipe=digest_of("x"), compute=compute))
    answer = await ask(f'{{ lazy(n: 1) {{ manyWords(other: "{other.id}") }} }}')
    assert "load Thing: expected Thing, got Other" in str(answer.errors)


async def test_a_field_that_is_not_supported_names_itself_and_why(ask):
    answer = await ask("{ lazy(n: 1) { refused } }")
    assert answer.errors[0].message == "Thing.refused is not supported by this engine: for a reason"
