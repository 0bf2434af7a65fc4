"""Which mounts are there after another, and which one a path is in."""

from __future__ import annotations

import pytest

from engine.core.mounts import TempMount, added, deepest


def temps(*targets: str) -> tuple[TempMount, ...]:
    return tuple(TempMount(target=target) for target in targets)


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        ((), "/a", ("/a",)),
        (("/a", "/b"), "/a", ("/b", "/a")),
        (("/a/b", "/c"), "/a", ("/c", "/a")),
        (("/a",), "/a/b", ("/a", "/a/b")),
        (("/ab",), "/a", ("/ab", "/a")),
        (("/a", "/b"), "/", ("/",)),
    ],
)
def test_a_mount_takes_those_at_its_target_and_below_away(
    before: tuple[str, ...], new: str, after: tuple[str, ...]
) -> None:
    assert added(temps(*before), *temps(new)) == temps(*after)


@pytest.mark.parametrize(
    ("path", "target"),
    [("/a", "/a"), ("/a/x", "/a"), ("/a/b", "/a/b"), ("/a/b/c", "/a/b"), ("/ab", None), ("/", None)],
)
def test_a_path_is_in_the_deepest_mount(path: str, target: str | None) -> None:
    found = deepest(temps("/a/b", "/a"), path)
    assert (found and found.target) == target
