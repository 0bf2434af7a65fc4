from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.core.process import Bind, Process, Tmpfs
from engine.errors import PathError
from engine.executor.process_files import MountedFiles

if TYPE_CHECKING:
    from pathlib import Path


def _process(root: Path, cwd: str = "/", *mounts: Bind | Tmpfs) -> Process:
    return Process(root=root, args=("true",), env=(), cwd=cwd, uid=os.getuid(), gid=os.getgid(), mounts=mounts)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/srv").mkdir(parents=True)
    (tmp_path / "root/file").write_text("contents")
    (tmp_path / "root/link").symlink_to("/srv")
    (tmp_path / "mounted").mkdir()
    return tmp_path / "root"


def test_a_missing_workdir_is_made_level_by_level(root: Path) -> None:
    MountedFiles().make_workdir(_process(root, "/link/a/b"))
    assert (root / "srv/a/b").is_dir()


@pytest.mark.root
def test_a_made_workdir_belongs_to_the_processs_user(root: Path) -> None:
    process = Process(root=root, args=("true",), env=(), cwd="/srv/a/b", uid=5, gid=6)
    MountedFiles().make_workdir(process)
    owners = [((root / name).stat().st_uid, (root / name).stat().st_gid) for name in ("srv/a", "srv/a/b", "srv")]
    assert owners == [(5, 6), (5, 6), (0, 0)]


def test_a_workdir_in_a_mount_is_made_there(root: Path, tmp_path: Path) -> None:
    MountedFiles().make_workdir(_process(root, "/srv/a", Bind(source=tmp_path / "mounted", target="/srv")))
    assert (tmp_path / "mounted/a").is_dir()
    assert not (root / "srv/a").exists()
    MountedFiles().make_workdir(_process(root, "/srv/x", Tmpfs(target="/srv")))
    assert not (root / "srv/x").exists()


@pytest.mark.parametrize("cwd", ["/file", "/file/below"])
def test_a_file_is_no_workdir(root: Path, cwd: str) -> None:
    with pytest.raises(PathError, match="not a directory"):
        MountedFiles().make_workdir(_process(root, cwd))


def test_a_redirect_replaces_the_file_that_the_process_would_see(root: Path) -> None:
    (root / "srv/out").write_text("old and longer")
    descriptor = MountedFiles().open_output(_process(root, "/link"), "out")
    os.write(descriptor, b"new")
    os.close(descriptor)
    assert (root / "srv/out").read_text() == "new"


def test_a_new_redirect_is_the_users_alone(root: Path) -> None:
    os.close(MountedFiles().open_output(_process(root), "/srv/fresh"))
    assert (root / "srv/fresh").stat().st_mode & 0o777 == 0o600


def test_a_redirect_into_nowhere_is_refused(root: Path) -> None:
    with pytest.raises(PathError, match="open /no/out: no such file or directory"):
        MountedFiles().open_output(_process(root), "/no/out")
    with pytest.raises(PathError, match="a file system that only the command has"):
        MountedFiles().open_output(_process(root, "/", Tmpfs(target="/srv")), "/srv/out")


def test_stdin_is_taken_from_a_file_inside(root: Path) -> None:
    assert MountedFiles().input(_process(root, "/srv"), "../file") == root / "file"
    with pytest.raises(PathError, match="open redirect stdin file: open missing: no such file or directory"):
        MountedFiles().input(_process(root), "missing")
