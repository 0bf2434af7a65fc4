"""Which tree a path of a container is in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.cache_volume import CacheVolume
from engine.core.container import Container
from engine.core.directory import Directory
from engine.core.file import File
from engine.core.mounts import CacheMount, TempMount, TreeMount
from engine.core.platform import Platform
from engine.core.tree import SnapshotId, Source
from engine.errors import PathError
from engine.schema.placing import mounted_name, place, uncovered

TREE = TreeMount(target="/m", source=Source(snapshot=SnapshotId("tree"), path="/sub"))
DEEPER = TreeMount(target="/m/d", source=Source(snapshot=SnapshotId("deeper")))
FILE = TreeMount(target="/f", source=Source(snapshot=SnapshotId("file"), path="/x"), is_file=True, name="x")
CONTAINER = Container(
    platform=Platform.parse("linux/amd64"),
    rootfs=SnapshotId("root"),
    mounts=(
        TREE,
        DEEPER,
        FILE,
        TempMount(target="/t"),
        CacheMount(target="/c", volume=CacheVolume(key="k")),
    ),
)


@pytest.mark.parametrize(
    ("path", "snapshot", "inside"),
    [
        ("/", "root", "/"),
        ("/mm", "root", "/mm"),
        ("/m", "tree", "/sub"),
        ("/m/a/b", "tree", "/sub/a/b"),
        ("/m/d/a", "deeper", "/a"),
        ("/f", "file", "/x"),
    ],
)
def test_a_path_is_in_the_deepest_tree(path: str, snapshot: str, inside: str) -> None:
    assert place(CONTAINER, path) == Source(snapshot=SnapshotId(snapshot), path=inside)


@pytest.mark.parametrize(("path", "kind"), [("/t", "tmpfs"), ("/t/a", "tmpfs"), ("/c", "cache"), ("/c/a", "cache")])
def test_what_only_a_command_has_can_not_be_looked_into(path: str, kind: str) -> None:
    with pytest.raises(PathError, match=rf"^{path}: cannot retrieve path from {kind}$"):
        place(CONTAINER, path)


@pytest.mark.parametrize(("path", "name"), [("/f", "x"), ("/f/y", ""), ("/m", ""), ("/other", "")])
def test_a_mounted_file_has_the_name_that_it_came_with(path: str, name: str) -> None:
    assert mounted_name(CONTAINER, path) == name


@pytest.mark.parametrize(
    ("path", "by", "gone"),
    [("/f", File, FILE), ("/f", Directory, FILE), ("/m", File, TREE), ("/m", Directory, None), ("/m/x", File, None)],
)
def test_a_mount_gives_way_to_what_takes_its_place(path: str, by: type[File | Directory], gone: TreeMount) -> None:
    left = tuple(mount for mount in CONTAINER.mounts if mount != gone)
    assert uncovered(CONTAINER, path, by=by) == replace(CONTAINER, mounts=left)
