"""The store's salt."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from engine.store.salt import store_salt

if TYPE_CHECKING:
    from pathlib import Path


def test_the_salt_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    salt = store_salt(tmp_path)
    assert len(salt) == 32
    assert store_salt(tmp_path) == salt
    assert stat.S_IMODE((tmp_path / "salt").stat().st_mode) == 0o600


def test_every_store_has_another_salt(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert store_salt(tmp_path) != store_salt(tmp_path / "other")


def test_those_who_make_it_at_the_same_time_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        salts = set(pool.map(lambda _: store_salt(tmp_path), range(64)))
    assert len(salts) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["salt"]
