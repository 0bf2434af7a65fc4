"""Where a container's path leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import PathError
from engine.store.chase import chase, find, find_directory
from tests.engine.store.building import build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = build(tmp_path / "root", {"etc/passwd": "inside", "srv/d/f": "f"})
    build(tmp_path, {"secret": "outside"})
    links = {
        "srv/rel": "d/f",
        "srv/abs": "/etc/passwd",
        "srv/out": "../../../../secret",
        "srv/dir": "d",
        "srv/dangling": "no/where",
    }
    for name, target in {**links, "srv/loop": "loop", "srv/absout": str(tmp_path / "secret"), "srv/up": ".."}.items():
        (root / name).symlink_to(target)
    return root


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/", "/"),
        ("srv/d/../d/f", "/srv/d/f"),
        ("../../srv", "/srv"),
        ("/srv/rel", "/srv/d/f"),
        ("/srv/abs", "/etc/passwd"),
        ("/srv/dir/f", "/srv/d/f"),
        ("/srv/up/etc", "/etc"),
        # A path is cleaned before its links are followed, as Dagger joins and then resolves.
        ("/srv/dir/../d", "/srv/d"),
    ],
)
def test_links_are_followed_from_the_root_of_the_container(root: Path, path: str, inside: str) -> None:
    place = find(str(root), path)
    assert (place.inside, place.real) == (inside, str(root) + inside if inside != "/" else str(root))


@pytest.mark.parametrize("path", ["/srv/out", "/srv/absout", "../secret", "/srv/dangling", "/nope", "/nope/below"])
def test_nothing_outside_is_ever_found(root: Path, path: str) -> None:
    with pytest.raises(PathError, match="no such file or directory"):
        find(str(root), path)


def test_a_link_at_the_end_is_left_alone_when_asked(root: Path) -> None:
    assert find(str(root), "/srv/dir/../rel", follow=False).inside == "/srv/rel"
    assert find(str(root), "/srv/up/srv/dangling", follow=False).inside == "/srv/dangling"


def test_what_is_absent_is_told_apart(root: Path) -> None:
    place = chase(str(root), "/srv/dir/new/file")
    assert (place.names, place.absent, place.status) == (("srv", "d"), ("new", "file"), None)
    assert chase(str(root), "/srv/dangling").absent == ("no", "where")


def test_a_circle_of_links_is_an_error(root: Path) -> None:
    with pytest.raises(PathError, match="too many levels of symbolic links"):
        chase(str(root), "/srv/loop")


def test_forty_links_are_followed_and_no_more(tmp_path: Path) -> None:
    build(tmp_path, {"l0": "end"})
    for number in range(1, 42):
        (tmp_path / f"l{number}").symlink_to(f"l{number - 1}")
    assert find(str(tmp_path), "l40").inside == "/l0"
    with pytest.raises(PathError, match="too many levels"):
        find(str(tmp_path), "l41")


@pytest.mark.parametrize("path", ["/etc/passwd/x", "/srv/rel/x", "/etc/passwd/x/y"])
def test_a_path_through_a_file_is_an_error(root: Path, path: str) -> None:
    with pytest.raises(PathError, match="not a directory"):
        chase(str(root), path)


def test_a_link_may_not_step_back_out_of_what_is_missing(root: Path) -> None:
    (root / "odd").symlink_to("missing/../etc")
    with pytest.raises(PathError, match="no such file or directory"):
        chase(str(root), "/odd")


def test_a_directory_is_asked_for(root: Path) -> None:
    assert find_directory(str(root), "/srv/dir").inside == "/srv/d"
    with pytest.raises(PathError, match="open /etc/passwd: not a directory"):
        find_directory(str(root), "/etc/passwd")


def test_a_name_that_is_too_long_is_an_error_of_the_path(root: Path) -> None:
    with pytest.raises(PathError, match="file name too long"):
        chase(str(root), "x" * 300)
