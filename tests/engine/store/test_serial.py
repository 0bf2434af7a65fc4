"""Snapshot ids."""

from __future__ import annotations

import pytest

from engine.store.serial import number_of, snapshot_of


@pytest.mark.parametrize(("number", "text"), [(1, "1"), (35, "z"), (36, "10"), (1_000_000, "lfls")])
def test_ids_are_base_36(number: int, text: str) -> None:
    assert snapshot_of(number) == text
    assert number_of(snapshot_of(number)) == number
