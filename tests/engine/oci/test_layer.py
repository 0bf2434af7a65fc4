"""Upper directory → layer tar."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import tarfile
from pathlib import Path

import pytest

from engine.errors import ImageError
from engine.oci.layer import write_layer

pytestmark = pytest.mark.root


def _layer(root: Path) -> bytes:
    out = io.BytesIO()
    write_layer(root, out)
    return out.getvalue()


def _members(root: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(_layer(root))) as tar:
        return {member.name: member for member in tar}


def test_parents_come_first_names_are_in_byte_order_and_the_root_has_no_entry(tmp_path: Path) -> None:
    for name in ("b", "a/z", "a/é", "a/B", "a.txt", "a-b"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert list(_members(tmp_path)) == ["a", "a/B", "a/z", "a/é", "a-b", "a.txt", "b"]


def test_the_same_tree_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, order in (("one", "abc"), ("two", "cab")):
        (tmp_path / name).mkdir()
        for letter in order:
            (tmp_path / name / letter).write_text(letter)
            os.utime(tmp_path / name / letter, (5, 5))
    assert _layer(tmp_path / "one") == _layer(tmp_path / "two")


def test_modes_with_special_bits_and_numeric_owners_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "suid"
    path.write_text("x")
    os.chown(path, 12, 34)
    path.chmod(0o4755)
    (tmp_path / "sticky").mkdir()
    (tmp_path / "sticky").chmod(0o1777)
    members = _members(tmp_path)
    suid = members["suid"]
    assert (suid.mode, suid.uid, suid.gid, suid.uname, suid.gname) == (0o4755, 12, 34, "", "")
    assert members["sticky"].mode == 0o1777


def test_a_removed_file_becomes_a_whiteout(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    os.mknod(tmp_path / "d/gone", 0o20000, os.makedev(0, 0))
    os.mknod(tmp_path / "top", 0o20000, os.makedev(0, 0))
    members = _members(tmp_path)
    assert list(members) == ["d", "d/.wh.gone", ".wh.top"]
    assert members["d/.wh.gone"].isreg()
    assert members["d/.wh.gone"].size == 0


def test_whiteouts_that_share_an_inode_are_no_hard_links(tmp_path: Path) -> None:
    os.mknod(tmp_path / "a", 0o20000, os.makedev(0, 0))
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    assert [(m.name, m.isreg()) for m in _members(tmp_path).values()] == [(".wh.a", True), (".wh.b", True)]


def test_an_opaque_directory_is_followed_by_its_mark(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/new").write_text("x")
    os.setxattr(tmp_path / "d", "trusted.overlay.opaque", b"y")
    members = _members(tmp_path)
    assert list(members) == ["d", "d/.wh..wh..opq", "d/new"]
    assert not members["d"].pax_headers


def test_names_of_one_inode_are_hard_links_to_the_first(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("contents")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/z").hardlink_to(tmp_path / "b")
    (tmp_path / "c").symlink_to("x")
    os.link(tmp_path / "c", tmp_path / "d", follow_symlinks=False)
    members = _members(tmp_path)
    assert (members["a/z"].isreg(), members["b"].islnk(), members["b"].linkname, members["b"].size) == (
        True,
        True,
        "a/z",
        0,
    )
    assert (members["c"].issym(), members["d"].islnk(), members["d"].linkname) == (True, True, "c")


def test_times_are_whole_seconds_rounded_down(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    os.utime(tmp_path / "f", ns=(0, 1_000_000_000_900_000_000))
    (tmp_path / "old").touch()
    os.utime(tmp_path / "old", ns=(0, -1_500_000_000))
    members = _members(tmp_path)
    assert (members["f"].mtime, members["old"].mtime) == (1_000_000_000, -2)


def test_long_names_long_targets_and_large_owners_are_kept(tmp_path: Path) -> None:
    long = "n" * 200
    (tmp_path / long).mkdir()
    (tmp_path / long / long).write_text("x")
    (tmp_path / "link").symlink_to("t" * 300)
    os.chown(tmp_path / "link", 3_000_000, 4_000_000_000, follow_symlinks=False)
    members = _members(tmp_path)
    assert f"{long}/{long}" in members
    link = members["link"]
    assert (link.linkname, link.uid, link.gid) == ("t" * 300, 3_000_000, 4_000_000_000)


def test_a_capability_is_kept_and_other_attributes_are_not(tmp_path: Path) -> None:
    capability = bytes.fromhex("0100000200040000000000000000000000000000")
    (tmp_path / "f").touch()
    os.setxattr(tmp_path / "f", "security.capability", capability)
    os.setxattr(tmp_path / "f", "user.note", b"kept")
    headers = _members(tmp_path)["f"].pax_headers
    assert headers["SCHILY.xattr.security.capability"].encode("utf-8", "surrogateescape") == capability
    assert not [key for key in headers if "user." in key]


def test_devices_and_fifos_are_kept_and_sockets_are_not(tmp_path: Path) -> None:
    os.mknod(tmp_path / "null", 0o20666, os.makedev(1, 3))
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        members = _members(tmp_path)
    assert sorted(members) == ["fifo", "null"]
    assert (members["null"].ischr(), members["null"].devmajor, members["null"].devminor) == (True, 1, 3)
    assert members["fifo"].isfifo()


def test_contents_of_any_size_are_whole(tmp_path: Path) -> None:
    sizes = [0, 1, 511, 512, 513, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 1_000_003]
    for size in sizes:
        (tmp_path / f"{size:08}").write_bytes(os.urandom(size))
    with tarfile.open(fileobj=io.BytesIO(_layer(tmp_path))) as tar:
        for size in sizes:
            assert tar.extractfile(f"{size:08}").read() == (tmp_path / f"{size:08}").read_bytes()


def test_names_that_are_not_utf_8_are_kept(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe")).touch()
    with tarfile.open(fileobj=io.BytesIO(_layer(tmp_path))) as tar:
        assert os.fsencode(tar.getnames()[0]) == b"\xff\xfe"


def test_gnu_tar_reads_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / ("n" * 200)).write_text("x")
    (tmp_path / "layer.tar").write_bytes(_layer(tmp_path / "in"))
    listed = subprocess.run(["tar", "-tf", tmp_path / "layer.tar"], capture_output=True, check=True, text=True)
    assert (listed.stdout, listed.stderr) == ("n" * 200 + "\n", "")


@pytest.mark.parametrize("attribute", ["trusted.overlay.redirect", "trusted.overlay.metacopy"])
def test_an_overlay_feature_that_a_tar_cannot_hold_is_an_error(tmp_path: Path, attribute: str) -> None:
    (tmp_path / "f").touch()
    os.setxattr(tmp_path / "f", attribute, b"x")
    with pytest.raises(ImageError, match=attribute):
        _layer(tmp_path)
