"""Export to the host."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine.core.tree import Owner
from engine.errors import HostError, PathError
from engine.store import export, nodes
from engine.store.tree import FileTrees
from tests.engine.store.building import TREES, build, listing, names

pytestmark = pytest.mark.root

_FILES = {"a.txt": "a", "sub/c": "c", "run": "", "empty": None}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = build(tmp_path / "root", _FILES)
    (root / "run").chmod(0o755)
    os.chown(root / "run", 1234, 1234)
    (root / "link").symlink_to("a.txt")
    os.utime(root / "sub/c", (5, 5))
    os.utime(root / "sub", (6, 6))
    return root


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "made/out"


def _names(top: Path) -> list[str]:
    return [line.split()[0] for line in listing(top)]


def test_a_directory_arrives_with_modes_times_and_the_callers_ownership(root: Path, out: Path) -> None:
    FileTrees(Owner(uid=12, gid=34)).export_directory(root, "/", out, wipe=False)
    lines = ["a.txt f 644 12:34", "empty d 755 12:34", "link l 777 12:34 a.txt", "run f 755 12:34"]
    assert listing(out) == [*lines, "sub d 755 12:34", "sub/c f 644 12:34"]
    assert [(out / path).stat().st_mtime for path in ("sub/c", "sub")] == [5, 6]
    assert listing(out.parent.parent)[:2] == ["made d 700 12:34", "made/out d 700 12:34"]


def test_what_was_there_stays_or_is_replaced(root: Path, out: Path) -> None:
    build(out, {"old": "", "d/f": "", "a.txt": "longer than before", "run/x": "", "sub": "file"})
    TREES.export_directory(root, "/", out, wipe=False)
    assert _names(out) == ["a.txt", "d", "d/f", "empty", "link", "old", "run", "sub", "sub/c"]
    assert (out / "a.txt").read_text() == "a"


def test_wiping_leaves_only_what_was_exported(root: Path, out: Path) -> None:
    build(out, {"old": "", "d/f": "", "sub/old": "", "sub/e/f": ""})
    TREES.export_directory(root, "/", out, wipe=True)
    assert _names(out) == ["a.txt", "empty", "link", "run", "sub", "sub/c"]


def test_links_in_the_target_lead_nowhere(root: Path, out: Path, tmp_path: Path) -> None:
    outside = build(tmp_path / "outside", {"c": "precious"})
    build(out, {})
    (out / "sub").symlink_to(outside)
    (out / "a.txt").symlink_to(outside / "c")
    (build(out, {"inside/f": ""}) / "empty").symlink_to("inside")
    TREES.export_directory(root, "/", out, wipe=True)
    assert (outside / "c").read_text() == "precious"
    assert not (out / "sub").is_symlink()
    assert not (out / "empty").is_symlink()


def test_the_target_itself_may_be_a_link(root: Path, out: Path, tmp_path: Path) -> None:
    build(out, {})
    (tmp_path / "link").symlink_to(out)
    TREES.export_directory(root, "sub", tmp_path / "link", wipe=False)
    assert names(out) == ["c"]


def test_a_directory_needs_a_directory(root: Path, out: Path) -> None:
    build(out.parent, {"out": "x"})
    with pytest.raises(PathError, match="not a directory"):
        TREES.export_directory(root, "/", out, wipe=False)
    with pytest.raises(PathError, match="/proc/none/here: no such file or directory"):
        TREES.export_directory(root, "/", Path("/proc/none/here"), wipe=False)


def test_a_missing_source_makes_nothing(root: Path, out: Path) -> None:
    with pytest.raises(PathError, match="open nope: no such file or directory"):
        TREES.export_directory(root, "nope", out, wipe=False)
    with pytest.raises(PathError, match="no such file or directory"):
        TREES.export_file(root, "nope", out, name="nope", into_directory=False)
    assert not out.parent.exists()


def test_the_host_is_never_wiped(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_remove_others", lambda *_: pytest.fail("this would have been the end"))
    with pytest.raises(PathError, match="cannot export to /: wiping it would remove every file of the host"):
        TREES.export_directory(root, "empty", Path("/"), wipe=True)


def test_a_failed_export_leaves_whole_files_only(root: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(out, {"a.txt": "old"})

    def half(source: int, target: int) -> None:
        os.write(target, os.read(source, 1))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(nodes, "copy_contents", half)
    with pytest.raises(HostError, match="no space left on device"):
        TREES.export_directory(root, "/", out, wipe=False)
    assert (_names(out), (out / "a.txt").read_text()) == (["a.txt"], "old")


def test_a_new_file_has_mode_owner_and_the_time_of_now(root: Path, out: Path) -> None:
    FileTrees(Owner(uid=12, gid=34)).export_file(root, "sub/c", out, name="c", into_directory=False)
    assert listing(out.parent) == ["out f 644 12:34"]
    assert out.stat().st_mtime > 1_000_000


def test_an_existing_file_keeps_mode_and_owner(root: Path, out: Path) -> None:
    build(out.parent, {"out": "a longer text"})
    out.chmod(0o600)
    os.chown(out, 7, 8)
    TREES.export_file(root, "run", out, name="run", into_directory=False)
    assert (listing(out.parent), out.read_text()) == (["out f 600 7:8"], "")


def test_a_link_on_the_host_is_followed(root: Path, out: Path, tmp_path: Path) -> None:
    build(out.parent, {})
    out.symlink_to(tmp_path / "target")
    TREES.export_file(root, "link", out, name="link", into_directory=False)
    assert out.is_symlink()
    assert (tmp_path / "target").read_text() == "a"


def test_a_directory_takes_a_file_only_with_leave(root: Path, out: Path) -> None:
    build(out, {})
    text = f'destination "{out}" is a directory; must be a file path unless allowParentDirPath is set'
    with pytest.raises(PathError) as caught:
        TREES.export_file(root, "a.txt", out, name="mine", into_directory=False)
    assert (str(caught.value), names(out)) == (text, [])
    TREES.export_file(root, "a.txt", out, name="mine", into_directory=True)
    assert names(out) == ["mine"]


def test_a_directory_is_not_exported_as_a_file(root: Path, out: Path) -> None:
    with pytest.raises(PathError, match="path sub is a directory, not a file"):
        TREES.export_file(root, "sub", out, name="sub", into_directory=False)


def test_a_device_is_written_to_and_stays(root: Path, tmp_path: Path) -> None:
    for name, minor in {"null": 3, "full": 7}.items():
        os.mknod(tmp_path / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    TREES.export_file(root, "a.txt", tmp_path / "null", name="a.txt", into_directory=False)
    assert (tmp_path / "null").is_char_device()
    with pytest.raises(HostError, match="no space left"):
        TREES.export_file(root, "a.txt", tmp_path / "full", name="a.txt", into_directory=False)
