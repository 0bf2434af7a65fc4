"""A full disk."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from engine.errors import HostError
from engine.store.layout import Layout
from engine.store.space import free_reserve, full_disk_explained, reserve_space

STATE = Path("/state")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_space_is_said_with_the_place_and_what_to_do(number: int) -> None:
    text = "no space left on /state: writing failed; free some space there, or run `python -m engine prune`"
    with pytest.raises(HostError) as caught, full_disk_explained(STATE, "writing"):
        raise OSError(number, "full")
    assert str(caught.value) == text


def test_sqlites_own_full_disk_is_said_too() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(HostError, match="no space left"), full_disk_explained(STATE, "remembering"):
        connection.execute("CREATE TABLE t AS SELECT zeroblob(100000)")
    connection.close()


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(PermissionError), full_disk_explained(STATE, "writing"):
        raise PermissionError(errno.EACCES, "no")


def test_the_reserve_takes_up_space_until_it_is_freed(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    reserve_space(layout)
    reserve_space(layout)
    assert layout.reserve.stat().st_blocks * 512 >= 1 << 20
    free_reserve(layout)
    free_reserve(layout)
    assert not layout.reserve.exists()
