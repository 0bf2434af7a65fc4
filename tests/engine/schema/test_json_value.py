"""JSON values through the API."""

from __future__ import annotations

import dagger
import pytest

pytestmark = pytest.mark.root


@pytest.fixture
def value(dag):
    """An object of an object."""
    return dag.json().with_contents(dagger.JSON('{"a":{"b":[1,2]},"s":"x","t":true}'))


async def test_parts_are_read_as_what_they_are(value):
    assert await value.field(["s"]).as_string() == "x"
    assert await value.field(["t"]).as_boolean() is True
    assert [await item.as_integer() for item in await value.field(["a", "b"]).as_array()] == [1, 2]
    assert await value.fields() == ["a", "s", "t"]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda v: v.field(["s"]).as_integer(), "is not an integer"),
        (lambda v: v.field(["a", "nope"]).contents(), "no such field: 'nope'"),
    ],
)
async def test_parts_that_are_something_else_are_refused(value, ask, message):
    with pytest.raises(dagger.QueryError, match=message):
        await ask(value)


async def test_a_part_is_set(dag, value):
    changed = value.with_field(["a", "c"], dag.json().new_integer(3))
    assert await changed.field(["a"]).contents() == '{"b":[1,2],"c":3}'


async def test_new_values_are_made(dag):
    assert await dag.json().new_string("é").contents() == '"é"'
    assert await dag.json().new_boolean(value=False).contents() == "false"


async def test_the_text_may_be_made_pretty(value):
    assert await value.field(["a"]).contents(pretty=True, indent=" ") == '{\n "b": [\n  1,\n  2\n ]\n}'
