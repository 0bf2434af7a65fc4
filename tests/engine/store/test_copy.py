"""Merging directories: what arrives, and what happens to what was there."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from engine.core.tree import ALL, Owner
from engine.linux.syscalls import mount, umount2
from engine.store.copy import Merge
from engine.store.nodes import Manner
from engine.store.walk import Walk
from tests.engine.store.building import build, listing, names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.root

_CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")


def _merge(source: Path, target: Path, manner: Manner | None = None) -> None:
    merge = Merge(root=str(target), target=str(target), manner=manner or Manner())
    merge.copy(Walk(top=str(source), selection=ALL))


def test_modes_owners_and_links_arrive_as_they_were(tmp_path: Path) -> None:
    source, target = build(tmp_path / "source", {"d/f": "x", "run": ""}), build(tmp_path / "target", {})
    (source / "d/l").symlink_to("/nowhere")
    for path, mode in {"d": 0o2750, "d/f": 0o4711, "run": 0o1600}.items():
        os.chown(source / path, 7, 8)
        (source / path).chmod(mode)
    os.chown(source / "d/l", 7, 8, follow_symlinks=False)
    _merge(source, target)
    assert listing(target) == ["d d 2750 7:8", "d/f f 4711 7:8", "d/l l 777 7:8 /nowhere", "run f 1600 7:8"]


def test_a_given_owner_does_not_cost_the_setuid_bit(tmp_path: Path) -> None:
    source = build(tmp_path / "source", {"f": "x"})
    (source / "f").chmod(0o6755)
    os.setxattr(source / "f", "security.capability", _CAPABILITY)
    _merge(source, build(tmp_path / "target", {}), Manner(owner=Owner(uid=5, gid=6)))
    assert listing(tmp_path / "target") == ["f f 6755 5:6"]
    assert os.getxattr(tmp_path / "target/f", "security.capability") == _CAPABILITY


def test_times_arrive_to_the_nanosecond(tmp_path: Path) -> None:
    source, target = build(tmp_path / "source", {"d/e/f": ""}), build(tmp_path / "target", {})
    (source / "d/l").symlink_to("f")
    paths = ["d/e/f", "d/e", "d/l", "d"]
    for number, path in enumerate(paths):
        os.utime(source / path, ns=(1_000_000_001 + number, 2_000_000_003 + number), follow_symlinks=False)
    _merge(source, target)
    for number, path in enumerate(paths):
        assert os.lstat(target / path).st_mtime_ns == 2_000_000_003 + number


def test_hard_links_stay_hard_links(tmp_path: Path) -> None:
    source, target = build(tmp_path / "source", {"a": "x", "c": "x"}), build(tmp_path / "target", {"d": "old"})
    (source / "d").hardlink_to(source / "a")
    _merge(source, target)
    assert (target / "a").samefile(target / "d")
    assert not (target / "a").samefile(target / "c")


def test_pipes_devices_and_sockets_are_made_anew(tmp_path: Path) -> None:
    source, target = build(tmp_path / "source", {}), build(tmp_path / "target", {})
    os.mkfifo(source / "pipe", 0o640)
    os.mknod(source / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(source / "sock"))
    _merge(source, target)
    assert [line.split()[:2] for line in listing(target)] == [["null", "c"], ["pipe", "p"], ["sock", "s"]]
    assert (target / "null").stat().st_rdev == os.makedev(1, 3)
    left_out = build(tmp_path / "second", {})
    _merge(source, left_out, Manner(special=False))
    assert names(left_out) == ["pipe"]


def test_extended_attributes_arrive_but_not_those_of_overlayfs(tmp_path: Path) -> None:
    source, target = build(tmp_path / "source", {"d/f": ""}), build(tmp_path / "target", {})
    for path in ("d", "d/f"):
        os.setxattr(source / path, "user.mine", b"1")
        os.setxattr(source / path, "trusted.overlay.opaque", b"y")
    _merge(source, target)
    assert [os.listxattr(target / path) for path in ("d", "d/f")] == [["user.mine"], ["user.mine"]]
    _merge(source, build(tmp_path / "plain", {}), Manner(attributes=False))
    assert os.listxattr(tmp_path / "plain/d/f") == []


def test_a_default_acl_of_a_directory_is_not_handed_down_by_the_copy(tmp_path: Path) -> None:
    # struct posix_acl_xattr (linux/posix_acl_xattr.h): version 2; user::rwx, group::---, other::---
    acl = bytes.fromhex("02000000 0100 0700 ffffffff 0400 0000 ffffffff 2000 0000 ffffffff")
    source, target = build(tmp_path / "source", {"d/e/f": ""}), build(tmp_path / "target", {})
    os.setxattr(source / "d", "system.posix_acl_default", acl)
    _merge(source, target)
    assert os.listxattr(target / "d/e") == []
    assert os.getxattr(target / "d", "system.posix_acl_default") == acl


def test_other_files_stay_and_types_give_way_to_the_source(tmp_path: Path) -> None:
    source = build(tmp_path / "source", {"both": "new", "file": "f", "dir/f": "", "sub/new": ""})
    target = build(tmp_path / "target", {"both": "old", "file/x": "", "dir": "", "sub/old": "", "kept": ""})
    (source / "link").symlink_to("a")
    (target / "link").symlink_to("b")
    _merge(source, target)
    names = ["both", "dir", "dir/f", "file", "kept", "link", "sub", "sub/new", "sub/old"]
    assert [line.split()[0] for line in listing(target)] == names
    assert ((target / "both").read_text(), str((target / "link").readlink())) == ("new", "a")


def test_merged_directories_take_the_mode_of_the_source(tmp_path: Path) -> None:
    source, target = build(tmp_path / "source", {"d": None}), build(tmp_path / "target", {"d/f": ""})
    (source / "d").chmod(0o711)
    os.chown(target / "d", 7, 8)
    _merge(source, target)
    assert listing(target) == ["d d 711 0:0", "d/f f 644 0:0"]


def test_links_to_directories_are_followed_inside_the_root_only(tmp_path: Path) -> None:
    source = build(tmp_path / "source", {"in/f": "", "out/f": "", "file/f": ""})
    target = build(tmp_path / "target", {"real": None, "text": "t"})
    outside = build(tmp_path / "outside", {})
    (target / "in").symlink_to("/real")
    (target / "out").symlink_to(outside)
    (target / "file").symlink_to("text")
    _merge(source, target)
    kinds = [" ".join(line.split()[:2]) for line in listing(target)]
    assert kinds == ["file d", "file/f f", "in l", "out d", "out/f f", "real d", "real/f f", "text f"]
    assert names(outside) == []


def test_a_file_over_a_link_replaces_the_link(tmp_path: Path) -> None:
    source, target = build(tmp_path / "source", {"f": "new"}), build(tmp_path / "target", {"t": "old"})
    (target / "f").symlink_to("t")
    _merge(source, target)
    assert (target / "t").read_text() == "old"
    assert not (target / "f").is_symlink()


@contextmanager
def _overlay(tmp_path: Path, lower: Path) -> Iterator[Path]:
    for name in ("upper", "work", "merged"):
        (tmp_path / name).mkdir()
    options = f"lowerdir={lower},upperdir={tmp_path / 'upper'},workdir={tmp_path / 'work'}"
    mount("overlay", tmp_path / "merged", "overlay", 0, options)
    try:
        yield tmp_path / "merged"
    finally:
        umount2(tmp_path / "merged")


def test_a_merge_into_an_overlay_changes_only_what_it_must(tmp_path: Path) -> None:
    source = build(tmp_path / "source", {"d/new": "n", "replaced/f": "", "x": "x"})
    lower = build(tmp_path / "lower", {"d/old": "o", "replaced": "file", "x/y": "", "other/f": ""})
    (source / "hard").hardlink_to(source / "x")
    with _overlay(tmp_path, lower) as merged:
        _merge(source, merged)
        paths = ["d", "d/new", "d/old", "hard", "other", "other/f", "replaced", "replaced/f", "x"]
        assert [line.split()[0] for line in listing(merged)] == paths
        assert (merged / "hard").samefile(merged / "x")
    assert names(tmp_path / "upper") == ["d", "hard", "replaced", "x"]
    assert names(lower) == ["d", "other", "replaced", "x"]


def test_what_overlayfs_marks_in_one_tree_does_not_come_into_another(tmp_path: Path) -> None:
    lower = build(tmp_path / "lower", {"d/old": ""})
    with _overlay(tmp_path, lower) as merged:
        (merged / "d/old").unlink()
        (merged / "d").rmdir()
        (merged / "d").mkdir(mode=0o755)
        build(tmp_path / "target", {"d/kept": ""})
        _merge(merged, tmp_path / "target")
    assert os.listxattr(tmp_path / "upper/d") == ["trusted.overlay.opaque"]
    assert os.listxattr(tmp_path / "target/d") == []
    assert names(tmp_path / "target/d") == ["kept"]
