"""Transactions."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from engine.store.database import Database, this_boot
from engine.store.layout import Layout
from engine.store.locks import LockHeld, locked

if TYPE_CHECKING:
    from pathlib import Path

INSERT = "INSERT INTO snapshots VALUES (1, NULL, 'text', 0, NULL)"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.make()
    return layout


def test_a_failed_transaction_leaves_nothing(layout: Layout) -> None:
    with Database(layout) as database:
        with suppress(ZeroDivisionError), database.transaction() as connection:
            connection.execute(INSERT)
            raise ZeroDivisionError
        assert database.rows("SELECT * FROM snapshots") == []
        with database.transaction() as connection:
            connection.execute(INSERT)
        assert len(database.rows("SELECT * FROM snapshots")) == 1


def test_a_killed_writer_leaves_nothing_and_holds_nothing_up(layout: Layout) -> None:
    script = (
        "import os, pathlib, signal, sys\n"
        "from engine.store.database import Database\n"
        "from engine.store.layout import Layout\n"
        "with Database(Layout(pathlib.Path(sys.argv[1]))).transaction() as connection:\n"
        f"    connection.execute({INSERT!r})\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, layout.state], check=False).returncode == -9
    with Database(layout) as database, database.transaction() as connection:
        assert database.rows("SELECT * FROM snapshots") == []
        connection.execute(INSERT)


def test_many_processes_may_open_a_new_store_at_once(layout: Layout) -> None:
    script = (
        "import pathlib, sys\n"
        "from engine.store.database import Database\n"
        "from engine.store.layout import Layout\n"
        "Database(Layout(pathlib.Path(sys.argv[1]))).close()\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, layout.state]) for _ in range(6)]
    assert [process.wait(60) for process in processes] == [0] * 6


def test_a_new_store_is_prepared_by_one_at_a_time(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.database._BUSY_SECONDS", 0.1)
    with locked(layout.database_lock), pytest.raises(LockHeld):
        Database(layout)


def test_a_transaction_that_only_reads_at_first_is_alone_too(layout: Layout) -> None:
    order = []

    def second() -> None:
        with two.transaction():
            order.append("second")

    with Database(layout) as one, Database(layout) as two:
        thread = threading.Thread(target=second)
        with one.transaction():
            one.rows("SELECT * FROM snapshots")
            thread.start()
            time.sleep(0.2)
            order.append("first")
        thread.join()
    assert order == ["first", "second"]


def test_the_boot_is_the_kernels() -> None:
    assert len(this_boot()) == 36
    assert this_boot() == this_boot()
