"""Files of the host."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from engine.core.tree import ALL, Owner, Selection
from engine.errors import PathError
from engine.hostfs import LocalHostFiles
from tests.engine.store.building import TREES, build, listing, names

if TYPE_CHECKING:
    from pathlib import Path

    from engine.solver.ports import HostFiles

pytestmark = pytest.mark.root

_FILES = {
    "a.txt": "a",
    "b.txt": "b",
    "c.md": "c",
    ".dot": "d",
    "sub/d.txt": "d",
    "sub/deep/e.txt": "e",
    "build/o.bin": "o",
}
_HOST: HostFiles = LocalHostFiles()


@pytest.fixture
def host(tmp_path: Path) -> Path:
    return build(tmp_path / "host", _FILES)


def _copied(host: Path, path: Path, **selection: Any) -> list[str]:
    """Names of what a copy holds; what `digest` says of the host is what the copy turns out to be."""
    chosen, root = Selection(**selection), host.parent / f"copy{len(names(host.parent))}"
    root.mkdir()
    _HOST.copy(path, chosen, root)
    assert _HOST.digest(path, chosen) == TREES.digest(root, "/", ALL)
    return TREES.glob(root, "/", "**")


def test_everything_belongs_to_root_and_keeps_modes_and_times(host: Path, tmp_path: Path) -> None:
    os.chown(host / "sub", 1234, 2345)
    os.chown(host / "a.txt", 1234, 2345)
    (host / "a.txt").chmod(0o4755)
    (host / "sub").chmod(0o1770)
    os.utime(host / "sub", ns=(1, 1_000_000_001))
    (host / "up").symlink_to("../../outside")
    root = build(tmp_path / "root", {})
    _HOST.copy(host, ALL, root)
    lines = listing(root)
    assert all(" 0:0" in line for line in lines)
    assert {"a.txt f 4755 0:0", "sub d 1770 0:0", "up l 777 0:0 ../../outside"} <= set(lines)
    assert (root / "sub").stat().st_mtime_ns == 1_000_000_001


def test_the_top_has_always_the_same_mode_and_owner(host: Path, tmp_path: Path) -> None:
    root = build(tmp_path / "root", {})
    root.chmod(0o700)
    os.chown(root, 7, 8)
    _HOST.copy(host, ALL, root)
    assert listing(tmp_path)[-1].startswith("root/sub/deep/e.txt")
    assert "root d 755 0:0" in listing(tmp_path)


def test_attributes_sockets_and_devices_stay_on_the_host(host: Path) -> None:
    os.setxattr(host / "a.txt", "user.mine", b"1")
    os.mknod(host / "null", 0o020666, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(host / "sock"))
    assert not {"null", "sock"} & set(_copied(host, host))
    (copy,) = [path for path in host.parent.iterdir() if path.name.startswith("copy")]
    assert os.listxattr(copy / "a.txt") == []


@pytest.mark.parametrize(
    ("include", "exclude", "names"),
    [
        ((), ("**",), []),
        (("*.txt",), (), ["a.txt", "b.txt"]),
        (
            ("/abs", "../x"),
            (),
            [
                ".dot",
                "a.txt",
                "b.txt",
                "build/",
                "build/o.bin",
                "c.md",
                "sub/",
                "sub/d.txt",
                "sub/deep/",
                "sub/deep/e.txt",
            ],
        ),
        ((".",), ("sub", "*.txt", "/c.md"), [".dot", "build/", "build/o.bin", "c.md"]),
        (("sub",), ("**/e.txt",), ["sub/", "sub/d.txt", "sub/deep/"]),
        (("nope",), (), []),
    ],
)
def test_patterns_choose_and_those_that_leave_the_directory_are_passed_over(
    host: Path, include: tuple[str, ...], exclude: tuple[str, ...], names: list[str]
) -> None:
    assert _copied(host, host, include=include, exclude=exclude) == names


def test_the_digest_follows_contents_only(host: Path, tmp_path: Path) -> None:
    before = _HOST.digest(host, ALL)
    assert _HOST.digest(build(tmp_path / "else/where", _FILES), ALL) == before
    for path in (host / "a.txt", host / "sub", host):
        os.utime(path, (1, 1))
        os.chown(path, 7, 7)
    host.chmod(0o700)
    assert _HOST.digest(host, ALL) == before
    (host / "a.txt").write_text("z")
    assert _HOST.digest(host, ALL) != before


class TestGitignore:
    def test_outside_of_a_repository_the_files_of_the_directory_count(self, host: Path) -> None:
        build(host.parent, {".gitignore": "*.txt\n"})
        build(host, {".gitignore": "build/\n*.md\n"})
        names = [".dot", ".gitignore", "a.txt", "b.txt", "sub/", "sub/d.txt", "sub/deep/", "sub/deep/e.txt"]
        assert _copied(host, host, gitignore=True) == names

    def test_in_a_repository_those_above_count_too(self, host: Path) -> None:
        build(host, {".git/HEAD": "", ".gitignore": "build/\n*.md\n/sub/deep\n/d.txt\n"})
        names = [".dot", ".git/", ".git/HEAD", ".gitignore", "a.txt", "b.txt", "sub/", "sub/d.txt"]
        assert _copied(host, host, gitignore=True) == names
        assert _copied(host, host / "sub", gitignore=True) == ["d.txt"]
        assert _copied(host, host / "sub") == ["d.txt", "deep/", "deep/e.txt"]


def test_a_link_to_a_directory_is_that_directory(host: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("host/sub")
    assert _copied(host, tmp_path / "link/../sub/./deep") == ["e.txt"]
    assert _copied(host, tmp_path / "link") == ["d.txt", "deep/", "deep/e.txt"]


@pytest.mark.parametrize("name", ["nope", "nope/below"])
def test_what_is_missing_is_an_error(host: Path, tmp_path: Path, name: str) -> None:
    for ask in (
        lambda: _HOST.digest(host / name, ALL),
        lambda: _HOST.copy(host / name, ALL, tmp_path),
        lambda: _HOST.file_digest(host / name),
        lambda: _HOST.copy_file(host / name, tmp_path),
    ):
        with pytest.raises(PathError, match=f"{name.partition('/')[0]}.*: no such file or directory"):
            ask()


def test_kinds_are_not_mixed_up(host: Path, tmp_path: Path) -> None:
    with pytest.raises(PathError, match=r"a\.txt is a file, not a directory"):
        _HOST.digest(host / "a.txt", ALL)
    with pytest.raises(PathError, match="sub is a directory, not a file"):
        _HOST.copy_file(host / "sub", tmp_path)
    os.mkfifo(host / "pipe")
    with pytest.raises(PathError, match="pipe is not a regular file"):
        _HOST.file_digest(host / "pipe")


def test_one_file_comes_under_its_own_name(host: Path, tmp_path: Path) -> None:
    os.chown(host / "a.txt", 7, 8)
    (host / "dir").symlink_to("sub")
    for path, name in {host / "a.txt": "a.txt", host / "dir/d.txt": "d.txt"}.items():
        root = build(tmp_path / name, {})
        _HOST.copy_file(path, root)
        assert listing(root) == [f"{name} f 644 0:0"]
        assert _HOST.file_digest(path) == TREES.digest(root, "/", ALL)


def test_a_link_to_a_file_is_not_followed(host: Path, tmp_path: Path) -> None:
    (host / "link").symlink_to("a.txt")
    with pytest.raises(PathError, match=r"link: no such file or directory \(a link on the host is not followed"):
        _HOST.copy_file(host / "link", tmp_path)


def test_finding_up_gives_the_way_there(host: Path) -> None:
    asked = [("sub/deep", "e.txt"), ("sub/deep", "d.txt"), ("sub/deep", "a.txt"), ("sub", "no-such-name-anywhere")]
    found = [_HOST.find_up(host / path, name) for path, name in asked]
    assert found == ["e.txt", "../d.txt", "../../a.txt", None]


def test_parents_are_made_for_the_caller_alone(tmp_path: Path) -> None:
    LocalHostFiles(Owner(uid=12, gid=34)).make_parents(tmp_path / "a/b/file")
    assert listing(tmp_path) == ["a d 700 12:34", "a/b d 700 12:34"]
    with pytest.raises(PathError, match="/proc/none: no such file"):
        _HOST.make_parents(tmp_path.__class__("/proc/none/file"))
