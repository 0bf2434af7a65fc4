"""Facts about paths through the API."""

from __future__ import annotations

import pytest
from dagger import FileType

pytestmark = pytest.mark.root


async def test_a_stat_has_name_size_mode_and_kind(dag):
    made = dag.directory().with_new_file("d/f", "text", permissions=0o640)
    stat = made.stat("d/f")
    assert [await stat.name(), await stat.size(), await stat.permissions()] == ["f", 4, 0o640]
    assert await stat.file_type() == FileType.REGULAR
    assert await made.stat("d").file_type() == FileType.DIRECTORY


async def test_the_stat_of_a_file_has_the_name_that_it_goes_by(dag):
    assert await dag.file("f", "x").with_name("g").stat().name() == "g"


async def test_a_result_of_a_search_says_where_it_is(dag):
    (result,) = await dag.directory().with_new_file("d/f", "one\ntwo two\n").search("two")
    assert [await result.file_path(), await result.line_number(), await result.absolute_offset()] == ["d/f", 2, 4]
    assert await result.matched_lines() == "two two\n"
    assert [(await s.text(), await s.start(), await s.end()) for s in await result.submatches()] == [
        ("two", 0, 3),
        ("two", 4, 7),
    ]
