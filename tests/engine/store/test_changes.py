"""Changes in a container's tree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.core.tree import (
    EMPTY,
    Chown,
    CopyTree,
    MakeDirectory,
    MakeSymlink,
    Owner,
    Remove,
    Selection,
    SetTimestamps,
    Source,
    WriteFile,
)
from engine.errors import PathError
from tests.engine.store.building import TREES, build, copy_file, copy_tree, listing, names, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.root

_OWNER = Owner(uid=12, gid=34)


def _link(root: Path, path: str, target: str) -> Path:
    TREES.apply(root, MakeSymlink(path=path, target=target))
    return root


class TestDirectoryWithNewFile:
    def test_missing_parents_belong_to_root(self, tmp_path: Path) -> None:
        assert listing(write(tmp_path, "x/y/z", "1")) == ["x d 755 0:0", "x/y d 755 0:0", "x/y/z f 644 0:0"]

    @pytest.mark.parametrize(("mode", "got"), [(0o600, "600"), (0o755, "755"), (0o4755, "755"), (0, "644")])
    def test_the_mode_is_exact_but_for_special_bits(self, tmp_path: Path, mode: int, got: str) -> None:
        before = os.umask(0o077)
        try:
            root = write(tmp_path, "f", "", mode=mode)
        finally:
            os.umask(before)
        assert listing(root) == [f"f f {got} 0:0"]

    def test_an_existing_file_keeps_its_mode_and_owner(self, tmp_path: Path) -> None:
        write(tmp_path, "f", "a long old text", mode=0o700, owner=_OWNER)
        assert listing(write(tmp_path, "f", "new", mode=0o600)) == ["f f 700 12:34"]
        assert (tmp_path / "f").read_text() == "new"

    def test_a_link_is_followed_inside_the_root(self, tmp_path: Path) -> None:
        root = _link(_link(build(tmp_path / "root", {}), "l", "/made/f"), "out", "../../outside")
        write(write(root, "l", "1"), "out", "2")
        assert (root / "made/f").read_text() == "1"
        assert (root / "outside").read_text() == "2"
        assert not (tmp_path / "outside").exists()

    @pytest.mark.parametrize("path", ["../f", "a/../f", "a/../../f"])
    def test_a_path_may_not_leave_the_root(self, tmp_path: Path, path: str) -> None:
        write(build(tmp_path / "root", {}), path, "1")
        assert names(tmp_path / "root") == ["f"]

    def test_what_cannot_be_written_is_an_error(self, tmp_path: Path) -> None:
        build(tmp_path, {"d/f": ""})
        with pytest.raises(PathError, match="is a directory"):
            write(tmp_path, "d", "x")
        with pytest.raises(PathError, match="not a directory"):
            write(tmp_path, "d/f/x", "x")
        with pytest.raises(PathError, match="File name length exceeds the maximum supported 255 characters"):
            write(tmp_path, "é" * 128, "x")


class TestContainerWithNewFile:
    def test_what_exists_is_replaced_with_mode_and_owner(self, tmp_path: Path) -> None:
        write(tmp_path, "f", "old", mode=0o700, owner=_OWNER)
        assert listing(write(tmp_path, "f", "new", in_place=False)) == ["f f 644 0:0"]

    def test_a_link_is_replaced_and_its_target_left_alone(self, tmp_path: Path) -> None:
        root = _link(build(tmp_path, {"target": "old"}), "l", "target")
        write(root, "l", "new", in_place=False)
        assert listing(root) == ["l f 644 0:0", "target f 644 0:0"]
        assert (root / "target").read_text() == "old"

    def test_into_a_directory_it_goes_by_its_own_name(self, tmp_path: Path) -> None:
        write(build(tmp_path, {"d/f": ""}), "/d", "x", in_place=False)
        assert names(tmp_path / "d") == ["d", "f"]

    def test_only_the_file_belongs_to_the_owner(self, tmp_path: Path) -> None:
        write(tmp_path, "p/f", "x", mode=0o600, in_place=False, owner=_OWNER)
        assert listing(tmp_path) == ["p d 755 0:0", "p/f f 600 12:34"]


class TestWithFile:
    @pytest.mark.parametrize(
        ("path", "made"),
        [
            ("new", ["new", "there"]),
            ("there", ["there", "there/orig"]),
            ("there/", ["there", "there/orig"]),
            ("absent/", ["absent", "absent/orig", "there"]),
            ("a/b", ["a", "a/b", "there"]),
            (".", ["orig", "there"]),
        ],
    )
    def test_the_path_names_the_copy_or_the_directory_for_it(self, tmp_path: Path, path: str, made: list[str]) -> None:
        source, root = build(tmp_path / "source", {"orig": "1"}), build(tmp_path / "root", {"there": None})
        copy_file(root, source, path, "/orig")
        assert [line.split()[0] for line in listing(root)] == made

    def test_mode_owner_and_time_are_kept_or_given(self, tmp_path: Path) -> None:
        source, root = write(build(tmp_path / "source", {}), "f", "x", owner=_OWNER), build(tmp_path / "root", {})
        (source / "f").chmod(0o4751)
        os.utime(source / "f", ns=(7, 1_000_000_007))
        copy_file(root, source, "kept", "/f")
        copy_file(root, source, "given", "/f", mode=0o604, owner=Owner(uid=1, gid=2))
        assert listing(root) == ["given f 604 1:2", "kept f 4751 12:34"]
        assert {(root / name).stat().st_mtime_ns for name in ("kept", "given")} == {1_000_000_007}

    def test_a_new_directory_with_a_slash_belongs_to_the_owner(self, tmp_path: Path) -> None:
        source, root = build(tmp_path / "source", {"f": "x"}), build(tmp_path / "root", {"old": None})
        copy_file(copy_file(root, source, "p/new/", "f", owner=_OWNER), source, "old/", "f", owner=_OWNER)
        lines = ["old d 755 0:0", "old/f f 644 12:34", "p d 755 0:0", "p/new d 755 12:34", "p/new/f f 644 12:34"]
        assert listing(root) == lines

    def test_a_linked_file_is_copied_as_a_file_over_a_link(self, tmp_path: Path) -> None:
        source = _link(build(tmp_path / "source", {"f": "text"}), "l", "/f")
        root = _link(build(tmp_path / "root", {"target": "old"}), "to", "target")
        copy_file(root, source, "to", "l")
        assert listing(root) == ["target f 644 0:0", "to f 644 0:0"]

    def test_a_directory_is_no_file(self, tmp_path: Path) -> None:
        source = build(tmp_path / "source", {"d": None})
        with pytest.raises(PathError, match='source path "/d" is a directory'):
            copy_file(build(tmp_path / "root", {}), source, "x", "/d")
        with pytest.raises(PathError, match="stat /no: no such file or directory"):
            copy_file(tmp_path / "root", source, "x", "/no")


class TestWithDirectory:
    def test_owner_and_mode_go_to_everything_that_is_copied(self, tmp_path: Path) -> None:
        source, root = build(tmp_path / "source", {"f": "1", "e/g": "1"}), build(tmp_path / "root", {})
        copy_tree(root, source, "p/in", owner=Owner(uid=1000, gid=2000), mode=0o2700)
        top = ["p d 755 0:0", "p/in d 2700 1000:2000", "p/in/e d 2700 1000:2000"]
        assert listing(root) == [*top, "p/in/e/g f 2700 1000:2000", "p/in/f f 2700 1000:2000"]

    def test_the_destination_takes_mode_and_time_of_the_source_but_the_root_does_not(self, tmp_path: Path) -> None:
        source, root = build(tmp_path / "source", {"f": "1"}), build(tmp_path / "root", {"d/old": ""})
        source.chmod(0o1770)
        os.utime(source, (5, 5))
        copy_tree(copy_tree(root, source, "d"), source)
        assert listing(root) == ["d d 1770 0:0", "d/f f 644 0:0", "d/old f 644 0:0", "f f 644 0:0"]
        assert (root / "d").stat().st_mtime == 5
        assert root.stat().st_mode & 0o7777 == 0o755

    def test_a_file_in_the_way_of_the_destination_is_replaced(self, tmp_path: Path) -> None:
        source, root = build(tmp_path / "source", {"f": "1"}), build(tmp_path / "root", {"d": "file"})
        _link(root, "dangling", "nowhere")
        copy_tree(copy_tree(root, source, "d"), source, "dangling")
        assert [line.split()[0] for line in listing(root)] == ["d", "d/f", "dangling", "dangling/f"]

    def test_a_link_to_a_directory_is_followed(self, tmp_path: Path) -> None:
        root = _link(build(tmp_path / "root", {"real": None}), "link", "/real")
        copy_tree(root, build(tmp_path / "source", {"f": "1"}), "link")
        assert listing(root) == ["link l 777 0:0 /real", "real d 755 0:0", "real/f f 644 0:0"]

    def test_a_part_of_the_source_is_selected(self, tmp_path: Path) -> None:
        source, root = build(tmp_path / "source", {"in/a.txt": "", "in/b.md": ""}), build(tmp_path / "root", {})
        copy_tree(root, source, inside="/in", selection=Selection(include=("*.txt",)))
        assert names(root) == ["a.txt"]

    def test_a_copy_needs_its_source(self, tmp_path: Path) -> None:
        with pytest.raises(PathError, match="stat /no: no such file or directory"):
            copy_tree(tmp_path, tmp_path, "/x", inside="/no")
        with pytest.raises(ValueError, match="root of its source"):
            copy_tree(tmp_path, None)  # type: ignore[arg-type]


class TestWithNewDirectory:
    @pytest.mark.parametrize(("mode", "got"), [(0o644, "644"), (0o1777, "777"), (0, "755")])
    def test_every_new_level_has_the_mode(self, tmp_path: Path, mode: int, got: str) -> None:
        TREES.apply(build(tmp_path, {"p": None}), MakeDirectory(path="p/q/r", mode=mode))
        assert listing(tmp_path) == ["p d 755 0:0", f"p/q d {got} 0:0", f"p/q/r d {got} 0:0"]

    def test_climbing_out_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(PathError, match=r"^cannot create directory outside parent: \.\./b$"):
            TREES.apply(tmp_path, MakeDirectory(path="a/../../b", mode=0o755))
        TREES.apply(tmp_path, MakeDirectory(path="..", mode=0o700))
        TREES.apply(tmp_path, MakeDirectory(path="/../c", mode=0o700))
        assert listing(tmp_path) == ["c d 700 0:0"]

    def test_a_file_is_no_directory(self, tmp_path: Path) -> None:
        with pytest.raises(PathError, match="not a directory"):
            TREES.apply(build(tmp_path, {"f": ""}), MakeDirectory(path="f", mode=0o755))


def test_a_symlink_is_verbatim_and_never_replaces(tmp_path: Path) -> None:
    _link(tmp_path, "p/l", "a/../b")
    assert listing(tmp_path) == ["p d 755 0:0", "p/l l 777 0:0 a/../b"]
    with pytest.raises(PathError, match="symlink x p/l: file exists"):
        _link(tmp_path, "p/l", "x")


def test_chown_goes_where_a_path_leads_and_reaches_all_below_but_no_targets(tmp_path: Path) -> None:
    _link(build(tmp_path, {"d/e/f": "", "g": ""}), "d/l", "../g")
    TREES.apply(_link(tmp_path, "to", "d"), Chown(path="to", owner=_OWNER))
    (tmp_path / "to").unlink()
    lines = ["d d 755 12:34", "d/e d 755 12:34", "d/e/f f 644 12:34", "d/l l 777 12:34 ../g", "g f 644 0:0"]
    assert listing(tmp_path) == lines
    with pytest.raises(PathError, match="lchown nope: no such file or directory"):
        TREES.apply(tmp_path, Chown(path="nope", owner=_OWNER))


def test_timestamps_reach_the_top_directories_and_links(tmp_path: Path) -> None:
    root = _link(build(tmp_path / "root", {"d/f": ""}), "l", "/nowhere")
    TREES.apply(root, SetTimestamps(path="/", timestamp=86400))
    found = [os.lstat(root / name) for name in (".", "d", "d/f", "l")]
    assert {(status.st_atime, status.st_mtime) for status in found} == {(86400.0, 86400.0)}


def test_a_change_is_applied_by_its_kind(tmp_path: Path) -> None:
    TREES.apply(tmp_path, WriteFile(path="f", contents=b"\xff"))
    TREES.apply(tmp_path, Remove(paths=("f", "g")))
    assert listing(tmp_path) == []


class TestCopyOfADockerfile:
    def test_the_directory_that_is_there_stays_as_it_was(self, tmp_path: Path) -> None:
        source = build(tmp_path / "source", {"d/f": "x"})
        root = build(tmp_path / "root", {"to": None})
        (root / "to").chmod(0o1700)
        os.chown(root / "to", 1, 2)
        change = CopyTree(path="/to", source=Source(snapshot=EMPTY), owner=_OWNER, mode=0o600, keeps_target=True)
        TREES.apply(root, change, source)
        assert listing(root) == ["to d 1700 1:2", "to/d d 600 12:34", "to/d/f f 600 12:34"]

    def test_a_new_directory_is_the_owners(self, tmp_path: Path) -> None:
        source = build(tmp_path / "source", {"f": "x"})
        source.chmod(0o700)
        change = CopyTree(path="/a/b", source=Source(snapshot=EMPTY), owner=_OWNER, keeps_target=True)
        TREES.apply(build(tmp_path / "root", {}), change, source)
        assert listing(tmp_path / "root") == ["a d 755 0:0", "a/b d 755 12:34", "a/b/f f 644 12:34"]
