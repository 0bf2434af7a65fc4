from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.core.process import Bind, Process, Tmpfs
from engine.executor.mount_points import mount_points

if TYPE_CHECKING:
    from pathlib import Path

_LONG_AGO = 1_000_000_000 * 10**9


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in ("proc", "dev", "sys", "srv", "real"):
        (root / name).mkdir(parents=True)
    (root / "link").symlink_to("real")
    for path in (root, root / "srv", root / "real"):
        os.utime(path, ns=(_LONG_AGO, _LONG_AGO))
    return root


def _process(root: Path, *mounts: Bind | Tmpfs) -> Process:
    return Process(root=root, args=("true",), env=(), cwd="/", uid=0, gid=0, mounts=mounts)


def _shape(root: Path) -> dict[str, int]:
    return {str(path.relative_to(root)): path.lstat().st_mtime_ns for path in (root, *root.rglob("*"))}


def test_missing_ones_are_there_for_the_run_only(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = _shape(tree)
    mounts = (
        Bind(source=tmp_path, target="/srv/a/b"),
        Bind(source=tmp_path / "file", target="/link/f"),
        Tmpfs(target="/new/tmp"),
    )
    mask = os.umask(0o077)
    try:
        with mount_points(_process(tree, *mounts)):
            assert (tree / "real/f").is_file()
            modes = {oct((tree / name).stat().st_mode & 0o777) for name in ("srv/a", "srv/a/b", "new", "new/tmp")}
            assert modes == {"0o755"}
    finally:
        os.umask(mask)
    assert _shape(tree) == before


def test_an_empty_root_gets_the_systems_own(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    with mount_points(_process(tmp_path / "root")):
        assert sorted(path.name for path in (tmp_path / "root").iterdir()) == ["dev", "proc", "sys"]
    assert list((tmp_path / "root").iterdir()) == []


def test_what_was_there_stays(tree: Path, tmp_path: Path) -> None:
    (tree / "srv/f").write_text("kept")
    with mount_points(_process(tree, Bind(source=tmp_path, target="/srv"))):
        pass
    assert (tree / "srv/f").read_text() == "kept"


def test_what_the_command_put_there_stays(tree: Path, tmp_path: Path) -> None:
    with mount_points(_process(tree, Bind(source=tmp_path, target="/srv/a/b"))):
        (tree / "srv/a/mine").write_text("kept")
    assert [path.name for path in (tree / "srv/a").iterdir()] == ["mine"]
    assert (tree / "srv").stat().st_mtime_ns > _LONG_AGO


def test_the_time_of_a_directory_that_the_command_changed_stays(tree: Path, tmp_path: Path) -> None:
    with mount_points(_process(tree, Bind(source=tmp_path, target="/srv/a"))):
        os.utime(tree / "srv", ns=(5, 5))
    assert (tree / "srv").stat().st_mtime_ns == 5


def test_a_mount_inside_a_mount_is_prepared_in_its_source(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outer").mkdir()
    mounts = (Bind(source=tmp_path / "outer", target="/srv"), Tmpfs(target="/srv/in"), Tmpfs(target="/srv/in/deep"))
    with mount_points(_process(tree, *mounts)):
        assert (tmp_path / "outer/in").is_dir()
        assert not (tree / "srv/in").exists()
    assert list((tmp_path / "outer").iterdir()) == []


def test_a_failure_on_the_way_leaves_nothing(tree: Path, tmp_path: Path) -> None:
    (tree / "file").touch()
    before = _shape(tree)
    mounts = (Bind(source=tmp_path, target="/srv/a"), Bind(source=tmp_path, target="/file/b"))
    with pytest.raises(NotADirectoryError), mount_points(_process(tree, *mounts)):
        pass
    assert _shape(tree) == before
