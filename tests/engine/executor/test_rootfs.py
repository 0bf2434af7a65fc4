from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from engine.core.process import Bind, Tmpfs
from engine.executor.rootfs import Rootfs


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/tool").touch()
    (root / "bin").symlink_to("usr/bin")
    (root / "abs").symlink_to("/usr")
    (root / "up").symlink_to("../../../../usr")
    (root / "loop").symlink_to("loop")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").touch()
    return root


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/usr/bin/tool", "/usr/bin/tool"),
        ("usr/bin/tool", "/usr/bin/tool"),
        ("/bin/tool", "/usr/bin/tool"),
        ("/abs/bin/../bin/tool", "/usr/bin/tool"),
        ("/up/bin/tool", "/usr/bin/tool"),
        ("/../../usr", "/usr"),
        ("/bin/../tool", "/usr/tool"),
        ("/no/such/thing", "/no/such/thing"),
        ("/", "/"),
    ],
)
def test_links_are_followed_inside_the_root(tree: Path, path: str, found: str) -> None:
    place = Rootfs(tree, ()).find(path)
    assert place.path == PurePosixPath(found)
    assert place.host == tree / found.lstrip("/")
    assert (place.facts is not None) == place.host.exists()


def test_nothing_leads_out(tree: Path) -> None:
    assert Rootfs(tree, ()).find("/../outside/secret").facts is None


def test_mounts_are_in_their_place(tree: Path, tmp_path: Path) -> None:
    mounts = (Bind(source=tmp_path / "outside", target="/bin"), Tmpfs(target="/usr/bin/t"))
    rootfs = Rootfs(tree, mounts)
    assert rootfs.find("/usr/bin/secret").host == tmp_path / "outside/secret"
    assert rootfs.find("/bin/tool").facts is None
    assert rootfs.find("/bin/t/anything").host is None


def test_a_later_mount_hides_an_earlier_one(tree: Path, tmp_path: Path) -> None:
    mounts = (Tmpfs(target="/usr/bin"), Bind(source=tmp_path / "outside", target="/usr/bin"))
    assert Rootfs(tree, mounts).find("/usr/bin/secret").facts is not None


def test_a_loop_and_a_file_in_the_way_are_errors(tree: Path) -> None:
    with pytest.raises(OSError, match="Too many levels"):
        Rootfs(tree, ()).find("/loop")
    with pytest.raises(NotADirectoryError):
        Rootfs(tree, ()).find("/usr/bin/tool/x")
