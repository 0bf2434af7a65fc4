"""Writing layouts as directories and archives."""

from __future__ import annotations

import json
import stat
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from engine.core.digest import Digest
from engine.oci.layout import Layout, link, write_archive, write_directory
from engine.oci.manifest import Descriptor, Manifest
from tests.tars import sha256


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layer = tmp_path / "layer"
    layer.write_bytes(b"layer")
    config = Descriptor(media_type="c", digest=Digest(sha256(b"config")), size=6)
    manifest = Manifest(
        media_type="m",
        config=config,
        layers=(Descriptor(media_type="l", digest=Digest(sha256(b"layer")), size=5),),
    )
    root = Descriptor(media_type="m", digest=Digest(sha256(manifest.encode())), size=len(manifest.encode()))
    return Layout(
        root=root,
        manifests=(manifest,),
        documents={root.digest: manifest.encode(), config.digest: b"config"},
        layers={Digest(sha256(b"layer")): layer},
    )


def _member_names(layout: Layout) -> list[str]:
    blobs = sorted([*layout.documents, *layout.layers])
    return ["blobs", "blobs/sha256", *(f"blobs/{digest.replace(':', '/')}" for digest in blobs)]


def test_entries_of_the_archive_are_those_of_dagger(layout: Layout, tmp_path: Path) -> None:
    write_archive(layout, tmp_path / "out.tar")
    with tarfile.open(tmp_path / "out.tar") as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == [*_member_names(layout), "index.json", "manifest.json", "oci-layout"]
    assert [oct(member.mode) for member in members] == ["0o755"] * 2 + ["0o444"] * 3 + ["0o644"] * 2 + ["0o444"]
    assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(0, 0, 0, "")}


def test_blobs_are_named_by_their_contents(layout: Layout, tmp_path: Path) -> None:
    write_archive(layout, tmp_path / "out.tar")
    with tarfile.open(tmp_path / "out.tar") as tar:
        for name in _member_names(layout)[2:]:
            assert sha256(tar.extractfile(name).read()).endswith(name.rpartition("/")[2])


def test_index_and_docker_manifest_are_what_readers_expect(layout: Layout, tmp_path: Path) -> None:
    write_archive(layout, tmp_path / "out.tar")
    with tarfile.open(tmp_path / "out.tar") as tar:
        texts = {name: tar.extractfile(name).read() for name in ("index.json", "manifest.json", "oci-layout")}
    assert json.loads(texts["index.json"]) == {"schemaVersion": 2, "manifests": [layout.root.to_json()]}
    config, layer = (f"blobs/sha256/{sha256(data)[7:]}" for data in (b"config", b"layer"))
    assert texts["manifest.json"].decode() == f'[{{"Config":"{config}","RepoTags":null,"Layers":["{layer}"]}}]'
    assert texts["oci-layout"] == b'{"imageLayoutVersion":"1.0.0"}'


def test_an_image_of_several_platforms_has_no_docker_manifest(layout: Layout, tmp_path: Path) -> None:
    several = Layout(root=layout.root, manifests=layout.manifests * 2, documents=layout.documents, layers=layout.layers)
    write_archive(several, tmp_path / "out.tar")
    with tarfile.open(tmp_path / "out.tar") as tar:
        assert "manifest.json" not in tar.getnames()


def test_equal_layouts_make_equal_archives_that_only_their_owner_reads(layout: Layout, tmp_path: Path) -> None:
    write_archive(layout, tmp_path / "one")
    write_archive(layout, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/image.tar").write_text("old")
    next(iter(layout.layers.values())).unlink()
    with pytest.raises(FileNotFoundError):
        write_archive(layout, tmp_path / "out/image.tar")
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ["old"]


def test_a_directory_holds_the_same(layout: Layout, tmp_path: Path) -> None:
    write_directory(layout, tmp_path / "out")
    names = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*"))
    assert names == [*_member_names(layout), "index.json", "oci-layout"]
    assert json.loads((tmp_path / "out/index.json").read_bytes())["manifests"][0]["digest"] == layout.root.digest


def test_a_file_is_linked_across_file_systems_too(tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm")
    source = tmp_path / "source"
    source.write_text("x")
    target = elsewhere / f"link-{tmp_path.name}"
    try:
        link(source, target)
        assert target.read_text() == "x"
    finally:
        target.unlink(missing_ok=True)


def test_skopeo_finds_the_root_of_a_directory(layout: Layout, tmp_path: Path) -> None:
    write_directory(layout, tmp_path / "out")
    command = ["skopeo", "inspect", "--raw", f"oci:{tmp_path}/out"]
    assert subprocess.run(command, check=True, capture_output=True).stdout == layout.documents[layout.root.digest]


def test_a_named_archive_says_its_name_to_docker_and_containerd(layout: Layout, tmp_path: Path) -> None:
    write_archive(replace(layout, name="docker.io/library/app:latest"), tmp_path / "out.tar")
    with tarfile.open(tmp_path / "out.tar") as archive:
        manifest, index = (
            json.load(archive.extractfile(name) or pytest.fail(name)) for name in ("manifest.json", "index.json")
        )
    assert manifest[0]["RepoTags"] == ["docker.io/library/app:latest"]
    assert index["manifests"][0]["annotations"] == {"io.containerd.image.name": "docker.io/library/app:latest"}
