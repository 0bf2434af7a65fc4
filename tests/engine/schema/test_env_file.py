"""Environment files through the API."""

from __future__ import annotations

import dagger
import pytest

pytestmark = pytest.mark.root


@pytest.fixture
def file(dag):
    """Three variables."""
    return dag.file("x.env", "A=1\nB='$A'\nAPP_C=\"${A}c\"\n").as_env_file()


async def test_variables_are_expanded_or_raw(file):
    async def pairs(**options):
        return [(await v.name(), await v.value()) for v in await file.variables(**options)]

    assert await pairs() == [("A", "1"), ("B", "$A"), ("APP_C", "1c")]
    assert await pairs(raw=True) == [("A", "1"), ("B", "'$A'"), ("APP_C", '"${A}c"')]


async def test_one_variable_is_asked_for(file):
    assert [await file.get("APP_C"), await file.get("APP_C", raw=True)] == ["1c", '"${A}c"']
    assert [await file.exists("A"), await file.exists("NOPE")] == [True, False]
    assert not await file.get("NOPE")


async def test_variables_are_set_and_left_out(file):
    changed = file.with_variable("A", "2").without_variable("B")
    assert [await changed.get("A"), await changed.exists("B"), await file.get("A")] == ["2", False, "1"]


async def test_a_namespace_is_named_without_its_prefix(file):
    assert [await v.name() for v in await file.namespace("app").variables()] == ["C"]


async def test_a_file_is_written_as_it_was_read(file):
    assert await file.as_file().contents() == "A=1\nB='$A'\nAPP_C=\"${A}c\"\n"


async def test_a_line_that_is_none_is_refused(dag):
    with pytest.raises(dagger.QueryError, match="'no variable=': not a bare assignment"):
        await dag.file("x.env", "no variable").as_env_file().variables()
