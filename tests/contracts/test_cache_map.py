"""What every implementation of CacheMap does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.core.digest import digest_of
from engine.core.tree import SnapshotId
from engine.store.cache_map import SqliteCacheMap
from engine.store.database import Database
from engine.store.layout import Layout
from tests.fakes.cache_map import FakeCacheMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.solver.ports import CacheMap

KEY = digest_of("key")
BLOB = digest_of("blob")
SNAPSHOT = SnapshotId("a")
Pair = tuple["CacheMap", "Callable[[str], object]"]


@pytest.fixture(params=["fake", "sqlite"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Give the map, and what loses a snapshot or blob that is there at first."""
    if request.param == "fake":
        fake = FakeCacheMap()
        yield fake, fake.forget
        return
    layout = Layout(tmp_path)
    layout.make()
    layout.layer(SNAPSHOT).mkdir()
    layout.blob(BLOB).touch()
    with Database(layout) as database, SqliteCacheMap(layout) as cache_map:
        with database.transaction() as connection:
            connection.execute("INSERT INTO snapshots VALUES (10, NULL, '', 0, NULL)")

        def lose(needed: str) -> None:
            if needed == BLOB:
                layout.blob(BLOB).unlink()
            else:
                with database.transaction() as connection:
                    connection.execute("DELETE FROM snapshots")

        yield cache_map, lose


def test_an_unknown_operation_has_no_result(pair: Pair) -> None:
    assert pair[0].get(KEY) is None


def test_a_result_that_was_put_is_given(pair: Pair) -> None:
    result = {"snapshot": "a", "exitCode": 0, "nested": {"list": [1, None, True, "ü"]}}
    assert pair[0].put(KEY, result, snapshots=[SNAPSHOT], blobs=[BLOB]) == result
    assert pair[0].get(KEY) == result


def test_the_first_result_stays(pair: Pair) -> None:
    pair[0].put(KEY, {"n": 1})
    assert pair[0].put(KEY, {"n": 2}) == {"n": 1}
    assert pair[0].get(KEY) == {"n": 1}


@pytest.mark.parametrize("needed", [SNAPSHOT, BLOB])
def test_a_result_is_unknown_once_something_it_names_is_gone(pair: Pair, needed: str) -> None:
    cache_map, lose = pair
    cache_map.put(KEY, {"n": 1}, snapshots=[SNAPSHOT], blobs=[BLOB])
    lose(needed)
    assert cache_map.get(KEY) is None
    assert cache_map.put(KEY, {"n": 2}) == {"n": 2}
    assert cache_map.get(KEY) == {"n": 2}


def test_the_empty_tree_is_never_gone(pair: Pair) -> None:
    pair[0].put(KEY, {"n": 1}, snapshots=[SnapshotId("")])
    assert pair[0].get(KEY) == {"n": 1}
