"""Digests of trees and files."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

import pytest

from engine.core.tree import ALL, Selection
from engine.errors import PathError
from tests.engine.store.building import TREES, build, copy_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.core.digest import Digest

pytestmark = pytest.mark.root


def _digest(root: Path, path: str = "/", selection: Selection = ALL) -> Digest:
    return TREES.digest(root, path, selection)


def _sample(root: Path) -> Path:
    build(root, {"f": "1", "d/g": "2"})
    (root / "l").symlink_to("f")
    os.mknod(root / "c", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    return root


def _other_link(root: Path) -> None:
    (root / "l").unlink()
    (root / "l").symlink_to("d")


def _other_device(root: Path) -> None:
    (root / "c").unlink()
    os.mknod(root / "c", stat.S_IFCHR | 0o600, os.makedev(1, 5))


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "f").write_text("2"),
        lambda root: (root / "f").rename(root / "ff"),
        lambda root: (root / "f").chmod(0o4644),
        lambda root: (root / "d").chmod(0o700),
        lambda root: root.chmod(0o700),
        lambda root: os.chown(root / "l", 1, 0, follow_symlinks=False),
        lambda root: os.chown(root / "d/g", 0, 1),
        lambda root: os.setxattr(root / "d", "user.a", b"1"),
        lambda root: os.setxattr(root, "user.a", b"1"),
        lambda root: (root / "empty").mkdir(),
        lambda root: (root / "d/g").rename(root / "g"),
        _other_link,
        _other_device,
    ],
)
def test_whatever_is_different_makes_another_digest(tmp_path: Path, change: Callable[[Path], object]) -> None:
    one, other = _sample(tmp_path / "one"), _sample(tmp_path / "other")
    assert _digest(one) == _digest(other)
    change(other)
    assert _digest(one) != _digest(other)


def test_times_and_the_place_of_the_tree_do_not_count(tmp_path: Path) -> None:
    one, other = _sample(tmp_path / "one"), _sample(tmp_path / "other/deep/er")
    os.utime(other / "f", (1, 1))
    os.setxattr(other / "d", "trusted.overlay.origin", b"x")
    assert _digest(one) == _digest(other) == _digest(tmp_path, "/other/deep/er")


def test_times_count_when_asked(tmp_path: Path) -> None:
    build(tmp_path, {"f": "1"})
    for path in (tmp_path / "f", tmp_path):
        os.utime(path, (1, 1))
    before = TREES.digest(tmp_path, "/", ALL, times=True)
    assert before == TREES.digest(tmp_path, "/", ALL, times=True)
    os.utime(tmp_path / "f", ns=(1, 1_000_000_001))
    assert before != TREES.digest(tmp_path, "/", ALL, times=True)


def test_a_selection_has_the_digest_of_its_copy(tmp_path: Path) -> None:
    source = build(tmp_path / "source", {"a.py": "1", "b.txt": "2", "pkg/c.py": "3", "pkg/d.txt": "4", "docs/e": "5"})
    selection = Selection(include=("**/*.py",), exclude=("a*",))
    copied = copy_tree(build(tmp_path / "copy", {}), source, selection=selection)
    assert _digest(source, selection=selection) == _digest(copied)


def test_a_name_and_a_value_do_not_run_into_each_other(tmp_path: Path) -> None:
    one, other = build(tmp_path / "one", {"f": ""}), build(tmp_path / "other", {"f": ""})
    os.setxattr(one / "f", "user.ab", b"c")
    os.setxattr(other / "f", "user.a", b"bc")
    assert _digest(one) != _digest(other)


def test_a_file_has_no_digest_as_a_tree(tmp_path: Path) -> None:
    build(tmp_path, {"f": ""})
    with pytest.raises(PathError, match="not a directory"):
        _digest(tmp_path, "f")


def test_the_digest_of_a_file_without_metadata_is_the_digest_of_the_digest_of_its_bytes(tmp_path: Path) -> None:
    build(tmp_path, {"f": "text" * 1000000})
    (tmp_path / "l").symlink_to("f")
    expected = "sha256:" + hashlib.sha256(hashlib.sha256(b"text" * 1000000).digest()).hexdigest()
    assert TREES.file_digest(tmp_path, "l", metadata=False) == expected


def test_the_digest_of_a_file_knows_mode_and_owner_but_neither_name_nor_time(tmp_path: Path) -> None:
    build(tmp_path, {"f": "1", "g": "1", "mode": "1", "owner": "1", "text": "2"})
    os.utime(tmp_path / "g", (1, 1))
    (tmp_path / "mode").chmod(0o755)
    os.chown(tmp_path / "owner", 1, 1)
    first, same, *others = [
        TREES.file_digest(tmp_path, name, metadata=True) for name in ("f", "g", "mode", "owner", "text")
    ]
    assert first == same
    assert first not in others
