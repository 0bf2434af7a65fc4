"""Which mounts there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.linux.mounts import mounts_below
from engine.linux.syscalls import mount, umount2

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.root
def test_mounts_are_found_at_and_below_a_path_in_mount_order(tmp_path: Path) -> None:
    places = [tmp_path / "with blank\\and\nmore", tmp_path / "with blank\\and\nmore" / "inner"]
    for place in places:
        place.mkdir()
        mount("tmpfs", place, "tmpfs")
    assert mounts_below(tmp_path) == places
    assert mounts_below(places[1]) == places[1:]
    assert mounts_below(tmp_path / "with") == []
    for place in reversed(places):
        umount2(place)
