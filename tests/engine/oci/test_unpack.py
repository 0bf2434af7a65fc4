"""Layer tar → tree, honest and hostile."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.errors import ImageError
from engine.oci.layer import write_layer
from engine.oci.unpack import apply_layer
from tests.tars import entry, hardlink, symlink, tar

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with neighbours that nothing may touch."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def _outside(root: Path) -> list[str]:
    paths = [path for path in root.parent.rglob("*") if root not in path.parents]
    return sorted(f"{path.relative_to(root.parent)} {path.read_text() if path.is_file() else ''}" for path in paths)


def _apply(root: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> None:
    apply_layer(io.BytesIO(tar(*entries)), root)


def _tree(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_a_tree_survives_the_way_through_a_layer(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "d/e").mkdir(parents=True)
    (source / "d/e/file").write_bytes(os.urandom(600_000))
    (source / "d/link").symlink_to("/absolute/target")
    (source / "d/hard").hardlink_to(source / "d/e/file")
    os.mkfifo(source / "fifo")
    os.mknod(source / "null", 0o20600, os.makedev(1, 3))
    os.setxattr(source / "d/e/file", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
    os.chown(source / "d", 5, 6)
    (source / "d").chmod(0o2751)
    os.utime(source / "d", (7, 7))
    first, second = io.BytesIO(), io.BytesIO()
    write_layer(source, first)
    apply_layer(io.BytesIO(first.getvalue()), root)
    write_layer(root, second)
    assert first.getvalue() == second.getvalue()
    assert (root / "d/hard").stat().st_ino == (root / "d/e/file").stat().st_ino


def test_owner_mode_time_and_attributes_are_those_of_the_entry(root: Path) -> None:
    old = os.umask(0o077)
    try:
        pax = {"mtime": "1000000000.123456789", "SCHILY.xattr.user.note": "kept"}
        _apply(root, entry("f", b"x", mode=0o4750, uid=12, gid=34, pax_headers=pax))
    finally:
        os.umask(old)
    status = (root / "f").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o4750, 12, 34)
    assert status.st_mtime_ns == 1_000_000_000_123_456_789
    assert os.getxattr(root / "f", "user.note") == b"kept"


def test_a_directory_keeps_its_time_although_it_is_filled_afterwards(root: Path) -> None:
    _apply(root, entry("d/", mtime=5), entry("d/e/", mtime=6), entry("d/e/f", b"x"))
    assert ((root / "d").stat().st_mtime, (root / "d/e").stat().st_mtime) == (5, 6)


def test_missing_parents_are_made_with_mode_0755(root: Path) -> None:
    old = os.umask(0o077)
    try:
        _apply(root, entry("a/b/f", b"x"))
    finally:
        os.umask(old)
    assert stat.S_IMODE((root / "a/b").stat().st_mode) == 0o755


def test_an_entry_for_the_root_describes_the_root(root: Path) -> None:
    _apply(root, entry("./", mode=0o700, uid=7))
    assert (stat.S_IMODE(root.stat().st_mode), root.stat().st_uid) == (0o700, 7)


def test_a_whiteout_removes_what_a_lower_layer_had(root: Path) -> None:
    _apply(root, entry("d/gone", b"x"), entry("d/sub/f", b"x"), entry("d/kept", b"x"))
    _apply(root, entry("d/.wh.gone"), entry("d/.wh.sub"), entry("d/.wh.never-there"))
    assert _tree(root) == ["d", "d/kept"]


def test_a_whiteout_leaves_what_its_own_layer_made(root: Path) -> None:
    _apply(root, entry("f", b"old"))
    _apply(root, entry("f", b"new"), entry(".wh.f"))
    assert (root / "f").read_text() == "new"


@pytest.mark.parametrize("last", [False, True])
def test_an_opaque_mark_clears_lower_layers_wherever_it_stands(root: Path, last: bool) -> None:  # noqa: FBT001
    _apply(root, entry("d/old", b"x"), entry("d/sub/old", b"x"), entry("d/other/old", b"x"), entry("kept", b"x"))
    new = [entry("d/"), entry("d/new", b"x"), entry("d/sub/new", b"x")]
    mark = entry("d/.wh..wh..opq")
    _apply(root, *([*new, mark] if last else [new[0], mark, *new[1:]]))
    assert _tree(root) == ["d", "d/new", "d/sub", "d/sub/new", "kept"]


def test_bookkeeping_of_aufs_is_passed_over(root: Path) -> None:
    _apply(root, entry(".wh..wh.plnk/"), entry(".wh..wh.aufs", b"x"), entry("f", b"x"))
    assert _tree(root) == ["f"]


_KINDS = {
    "file": entry("x", b"new"),
    "directory": entry("x/"),
    "symlink": symlink("x", "nowhere"),
    "hard link": hardlink("x", "other"),
    "fifo": entry("x", type=tarfile.FIFOTYPE),
    "device": entry("x", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
}


@pytest.mark.parametrize("old", _KINDS)
@pytest.mark.parametrize("new", _KINDS)
def test_an_entry_replaces_what_was_there_whatever_it_was(root: Path, old: str, new: str) -> None:
    _apply(root, entry("other", b"other"), _KINDS[old])
    if old == "directory":
        (root / "x/inside").touch()
    _apply(root, _KINDS[new])
    kind = stat.S_IFMT((root / "x").lstat().st_mode)
    wanted = {"directory": stat.S_IFDIR, "symlink": stat.S_IFLNK, "fifo": stat.S_IFIFO, "device": stat.S_IFCHR}
    assert kind == wanted.get(new, stat.S_IFREG)
    assert (root / "other").read_text() == "other"
    assert (root / "x/inside").exists() == (old == new == "directory")


def test_a_symlink_is_replaced_not_followed(root: Path) -> None:
    _apply(root, symlink("x", "../outside/secret"), symlink("d", "../outside"))
    before = _outside(root)
    _apply(root, entry("x", b"mine"), entry("d/"))
    assert (root / "x").read_text() == "mine"
    assert (root / "d").is_dir()
    assert not (root / "d").is_symlink()
    assert _outside(root) == before


@pytest.mark.parametrize(
    ("target", "where"),
    [
        ("/usr/lib", "usr/lib/f"),
        ("usr/lib", "usr/lib/f"),
        ("../../../usr/lib", "usr/lib/f"),
        ("/../usr/./lib", "usr/lib/f"),
        ("/outside", "outside/f"),
    ],
)
def test_a_link_in_the_middle_of_a_name_is_followed_inside_the_tree(root: Path, target: str, where: str) -> None:
    before = _outside(root)
    _apply(root, entry("usr/lib/"), symlink("lib", target))
    _apply(root, entry("lib/f", b"x"))
    assert (root / where).read_text() == "x"
    assert (root / "lib").is_symlink()
    assert _outside(root) == before


def test_a_directory_that_becomes_a_link_within_the_layer_is_not_remembered_as_a_directory(root: Path) -> None:
    before = _outside(root)
    _apply(root, entry("d/"), entry("d/f", b"x"), symlink("d", "/../outside"), entry("d/f", b"evil"))
    assert _outside(root) == before
    assert (root / "outside/f").read_text() == "evil"


@pytest.mark.parametrize(
    "entries",
    [
        [entry("../outside/secret", b"evil")],
        [entry("a/../../outside/secret", b"evil")],
        [entry("/../outside/secret", b"evil")],
        [entry("..")],
        [entry("../outside/.wh.secret")],
        [entry("a/.wh...")],
        [entry("a/.wh..")],
        [entry("a/.wh.")],
        [hardlink("x", "../outside/secret")],
        [hardlink("x", "/../outside/secret")],
        [symlink("d", "/../outside"), hardlink("x", "d/secret")],
        [hardlink("x", "missing")],
        [entry("d/"), hardlink("x", "d")],
        [hardlink("x", ".")],
        [entry("f", b"x"), entry("f/g", b"x")],
        [symlink("a", "b"), symlink("b", "a"), entry("a/f", b"x")],
        [entry(".", b"root as a file")],
        [symlink(".", "/outside")],
        [entry("whiteout", type=tarfile.CHRTYPE, devmajor=0, devminor=0)],
        [entry("unknown", type=b"Z")],
        [entry("n" * 300, b"x")],
        [entry("time", pax_headers={"mtime": "soon"})],
    ],
)
def test_a_hostile_entry_is_an_error_and_touches_nothing_outside(
    root: Path, entries: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    before = _outside(root)
    with pytest.raises(ImageError):
        _apply(root, *entries)
    assert _outside(root) == before


def test_a_hard_link_to_a_symlink_is_one_to_the_link_itself(root: Path) -> None:
    _apply(root, symlink("s", str(root.parent / "outside/secret")), hardlink("h", "s"))
    assert (root / "h").is_symlink()
    assert (root.parent / "outside/secret").stat().st_nlink == 1


def test_absolute_names_are_taken_from_the_root_of_the_tree(root: Path) -> None:
    before = _outside(root)
    _apply(root, entry("/etc/f", b"x"), entry("//etc//./g", b"x"), hardlink("/etc/h", "/etc/g"))
    assert _tree(root) == ["etc", "etc/f", "etc/g", "etc/h"]
    assert _outside(root) == before


def test_attributes_of_overlayfs_itself_are_not_taken_from_a_layer(root: Path) -> None:
    pax = {"SCHILY.xattr.trusted.overlay.opaque": "y", "SCHILY.xattr.user.overlay.redirect": "/x"}
    _apply(root, entry("d/", pax_headers=pax))
    assert os.listxattr(root / "d") == []


def test_a_sparse_file_has_its_holes(root: Path, tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.seek(1_000_000)
        file.write(b"end")
        file.truncate(2_000_000)
    os.system(f"tar -C {tmp_path} --sparse --format=gnu -cf {tmp_path}/s.tar sparse")
    apply_layer(io.BytesIO((tmp_path / "s.tar").read_bytes()), root)
    assert (root / "sparse").read_bytes() == (tmp_path / "sparse").read_bytes()


def test_a_layer_over_an_overlay_mount_is_the_layer_that_comes_out(root: Path, tmp_path: Path) -> None:
    from engine.linux.syscalls import mount, umount2

    for name in ("upper", "work"):
        (tmp_path / name).mkdir()
    lower = tmp_path / "lower"
    lower.mkdir()
    _apply(lower, entry("d/", mtime=1), entry("d/old", b"x", mtime=1), entry("gone", b"x", mtime=1))
    layer = tar(
        entry(".wh.gone"), entry("d/", mtime=2), entry("d/.wh.old"), entry("d/new", b"x", mtime=2), symlink("l", "d")
    )
    mount("overlay", root, "overlay", 0, f"lowerdir={lower},upperdir={tmp_path}/upper,workdir={tmp_path}/work")
    try:
        apply_layer(io.BytesIO(layer), root)
        assert _tree(root) == ["d", "d/new", "l"]
    finally:
        umount2(root)
    out = io.BytesIO()
    write_layer(tmp_path / "upper", out)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as members:
        assert sorted(members.getnames()) == [".wh.gone", "d", "d/.wh.old", "d/new", "l"]
