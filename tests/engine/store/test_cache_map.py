"""What is special about results in SQLite; the rest is in tests/contracts/test_cache_map.py."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from engine.core.digest import digest_of
from engine.core.tree import SnapshotId
from engine.errors import HostError
from engine.store.cache_map import SqliteCacheMap
from engine.store.database import Database
from engine.store.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = digest_of("key")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.make()
    return layout


def _used(layout: Layout) -> list[float]:
    with Database(layout) as database:
        return [used for (used,) in database.rows("SELECT used FROM results")]


def test_results_survive_the_session(layout: Layout) -> None:
    with SqliteCacheMap(layout) as cache_map:
        cache_map.put(KEY, {"n": 1})
    with SqliteCacheMap(layout) as cache_map:
        assert cache_map.get(KEY) == {"n": 1}


def test_a_use_is_written_at_the_end_and_not_at_every_get(layout: Layout) -> None:
    with SqliteCacheMap(layout) as cache_map:
        cache_map.put(KEY, {"n": 1})
    with Database(layout) as database, database.transaction() as connection:
        connection.execute("UPDATE results SET used = 1")
    with SqliteCacheMap(layout) as cache_map:
        cache_map.get(KEY)
        cache_map.get(KEY)
        assert _used(layout) == [1]
    assert _used(layout) > [1]


def test_many_uses_are_written_before_the_end(layout: Layout) -> None:
    keys = [digest_of(number) for number in range(256)]
    with SqliteCacheMap(layout) as cache_map:
        for key in keys:
            cache_map.put(key, {})
        with Database(layout) as database, database.transaction() as connection:
            connection.execute("UPDATE results SET used = 1")
        for key in keys:
            cache_map.get(key)
        assert min(_used(layout)) > 1


def test_racing_threads_are_given_one_result(layout: Layout) -> None:
    kept: list[Mapping[str, object]] = []
    with SqliteCacheMap(layout) as cache_map:
        threads = [threading.Thread(target=lambda n=n: kept.append(cache_map.put(KEY, {"n": n}))) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(kept) == 16
    assert all(result == kept[0] for result in kept)


def test_racing_processes_are_given_one_result(layout: Layout) -> None:
    script = (
        "import sys, pathlib\n"
        "from engine.store.cache_map import SqliteCacheMap\n"
        "from engine.store.layout import Layout\n"
        "with SqliteCacheMap(Layout(pathlib.Path(sys.argv[1]))) as cache_map:\n"
        "    print([cache_map.put('k%d' % n, {'by': sys.argv[2]})['by'] for n in range(200)])\n"
    )
    command = [sys.executable, "-c", script, str(layout.state)]
    processes = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE) for n in range(3)]
    outputs = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(outputs) == 1


def test_a_result_is_unknown_when_a_layer_is_gone_though_its_row_is_not(layout: Layout) -> None:
    with Database(layout) as database, database.transaction() as connection:
        connection.execute("INSERT INTO snapshots VALUES (10, NULL, '', 0, NULL)")
    with SqliteCacheMap(layout) as cache_map:
        cache_map.put(KEY, {"n": 1}, snapshots=[SnapshotId("a")])
        assert cache_map.get(KEY) is None
        layout.layer(SnapshotId("a")).mkdir()
        assert cache_map.get(KEY) == {"n": 1}


def test_a_store_of_another_format_is_refused(layout: Layout) -> None:
    with Database(layout) as database:
        database.rows("PRAGMA user_version = 99")
    with pytest.raises(HostError, match="format 99"):
        SqliteCacheMap(layout)
