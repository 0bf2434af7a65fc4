"""What identifies a cache volume."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.cache_volume import CacheVolume, Sharing
from engine.core.digest import digest_of
from engine.core.tree import Owner, SnapshotId, Source

PLAIN = CacheVolume(key="pip")


@pytest.mark.parametrize(
    "other",
    [
        CacheVolume(key="uv"),
        replace(PLAIN, sharing=Sharing.LOCKED),
        replace(PLAIN, sharing=Sharing.PRIVATE),
        replace(PLAIN, owner=Owner(uid=0, gid=0)),
        replace(PLAIN, source_digest=digest_of("contents")),
    ],
)
def test_what_is_said_of_a_volume_makes_it_another(other: CacheVolume) -> None:
    assert other.identity != PLAIN.identity


def test_owners_are_told_apart_by_both_numbers() -> None:
    one, other = (replace(PLAIN, owner=Owner(uid=1, gid=gid)) for gid in (1, 2))
    assert one.identity != other.identity


def test_equal_sources_mean_one_volume_wherever_they_are() -> None:
    one, other = (
        replace(PLAIN, source=Source(snapshot=SnapshotId(name)), source_digest=digest_of("contents"))
        for name in ("a", "b")
    )
    assert one.identity == other.identity


def test_a_private_volume_is_locked_as_in_dagger() -> None:
    assert [sharing for sharing in Sharing if sharing.exclusive] == [Sharing.PRIVATE, Sharing.LOCKED]
