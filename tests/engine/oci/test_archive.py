"""Finding an image in an archive."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
import zstandard

from engine.core.platform import Platform
from engine.errors import DigestMismatch, ImageError
from engine.oci.archive import ArchivedImage, find_image, open_archive
from engine.oci.compression import copy
from tests.tars import ImageArchive, entry, hardlink, sha256, symlink, tar

if TYPE_CHECKING:
    from pathlib import Path

_AMD = Platform.parse("linux/amd64")
_LAYER = tar(entry("f", b"x"))


def _find(folder: Path, data: bytes, tag: str = "", platform: Platform = _AMD) -> ArchivedImage:
    (folder / "archive.tar").write_bytes(data)
    with open_archive(folder / "archive.tar", folder) as archive:
        return find_image(archive, tag, platform)


def _user(image: ArchivedImage) -> str:
    return image.file.config.user


def test_the_one_image_is_found_with_its_layers_and_annotations(tmp_path: Path) -> None:
    archive = ImageArchive()
    archive.image(_LAYER, config={"User": "9"}, annotations={"a": "b"})
    image = _find(tmp_path, archive.tar())
    assert (_user(image), [layer.digest for layer in image.layers], image.annotations) == (
        "9",
        [sha256(_LAYER)],
        {"a": "b"},
    )


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_a_compressed_archive_is_read_and_leaves_nothing_behind(tmp_path: Path, pack) -> None:
    archive = ImageArchive()
    archive.image(_LAYER, config={"User": "9"})
    assert _user(_find(tmp_path, pack(archive.tar()))) == "9"
    assert [path.name for path in tmp_path.iterdir()] == ["archive.tar"]


@pytest.mark.parametrize(("tag", "user"), [("one", "1"), ("two", "2"), ("", "1")])
def test_the_tag_chooses_and_no_tag_takes_the_first(tmp_path: Path, tag: str, user: str) -> None:
    archive = ImageArchive()
    archive.image(_LAYER, config={"User": "1"}, tag="one")
    archive.image(_LAYER, config={"User": "2"}, tag="two")
    assert _user(_find(tmp_path, archive.tar(), tag)) == user


def test_a_tag_or_platform_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    archive = ImageArchive()
    archive.image(_LAYER, tag="one")
    with pytest.raises(ImageError, match="no manifest for platform linux/amd64 and tag three"):
        _find(tmp_path, archive.tar(), "three")
    with pytest.raises(ImageError, match="no manifest for platform linux/s390x"):
        _find(tmp_path, archive.tar(), platform=Platform.parse("linux/s390x"))


@pytest.mark.parametrize("name", ["linux/amd64", "linux/arm64"])
@pytest.mark.parametrize("nested", [False, True])
def test_the_platform_chooses_in_the_layout_and_in_an_index_inside_it(tmp_path: Path, name: str, nested: bool) -> None:  # noqa: FBT001
    archive = ImageArchive()
    for platform in ("linux/arm64", "linux/amd64"):
        archive.image(_LAYER, config={"User": platform}, platform=platform)
    if nested:
        index = json.dumps({"schemaVersion": 2, "manifests": archive.manifests}).encode()
        archive.manifests = [archive.blob(index, "application/vnd.oci.image.index.v1+json")]
    assert _user(_find(tmp_path, archive.tar(), platform=Platform.parse(name))) == name


def test_a_manifest_without_a_platform_fits_every_platform(tmp_path: Path) -> None:
    archive = ImageArchive()
    archive.image(_LAYER, platform="linux/arm64", named_platform=False)
    assert _find(tmp_path, archive.tar()).file.platform == Platform.parse("linux/arm64")


def test_an_index_that_holds_itself_ends(tmp_path: Path) -> None:
    archive = ImageArchive()
    inner = archive.blob(b'{"schemaVersion":2,"manifests":[]}', "application/vnd.oci.image.index.v1+json")
    for _ in range(10):
        data = json.dumps({"schemaVersion": 2, "manifests": [inner]}).encode()
        inner = archive.blob(data, "application/vnd.oci.image.index.v1+json")
    archive.manifests = [inner]
    with pytest.raises(ImageError, match="no manifest"):
        _find(tmp_path, archive.tar())


def _docker_archive(*members: tuple[str, bytes], links: tuple = ()) -> bytes:
    config = {"os": "linux", "architecture": "amd64", "config": {"User": "9"}}
    config["rootfs"] = {"type": "layers", "diff_ids": [sha256(data) for _, data in members]}
    manifest = [{"Config": "c.json", "RepoTags": ["app:1"], "Layers": [name for name, _ in members]}]
    return tar(
        *(
            entry(name, data)
            for name, data in members
            if data is not None and name not in {link[0].name for link in links}
        ),
        *links,
        entry("c.json", json.dumps(config).encode()),
        entry("manifest.json", json.dumps(manifest).encode()),
    )


def test_an_archive_of_docker_save_is_read(tmp_path: Path) -> None:
    image = _find(tmp_path, _docker_archive(("a/layer.tar", _LAYER)))
    assert (_user(image), image.layers[0].digest, image.layers[0].diff_id) == ("9", None, sha256(_LAYER))


@pytest.mark.parametrize("tag", ["1", "app:1"])
def test_docker_archives_are_chosen_by_tag_or_whole_name(tmp_path: Path, tag: str) -> None:
    data = _docker_archive(("a/layer.tar", _LAYER))
    assert _user(_find(tmp_path, data, tag)) == "9"
    with pytest.raises(ImageError, match="and tag 2"):
        _find(tmp_path, data, "2")


@pytest.mark.parametrize("link", [symlink("b/layer.tar", "../a/layer.tar"), hardlink("b/layer.tar", "a/layer.tar")])
def test_layers_that_are_links_to_others_are_read(tmp_path: Path, link) -> None:
    data = _docker_archive(("a/layer.tar", _LAYER), ("b/layer.tar", _LAYER), links=(link,))
    (tmp_path / "archive.tar").write_bytes(data)
    read = bytearray()
    with open_archive(tmp_path / "archive.tar", tmp_path) as archive:
        copy(archive.open("b/layer.tar"), read.extend)
    assert bytes(read) == _LAYER


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a tar",
        b"x" * 5000,
        tar(entry("f", b"x")),
        gzip.compress(b"not a tar"),
        tar(symlink("index.json", "index.json")),
    ],
)
def test_something_else_is_an_error_in_one_sentence(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ImageError, match="not an image archive"):
        _find(tmp_path, data)


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="missing from the image archive"):
        _find(tmp_path, tar(symlink("index.json", "a"), symlink("a", "index.json"), entry("oci-layout", b"{}")))


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    archive = ImageArchive()
    digest = str(archive.image(_LAYER)["digest"])
    archive.blobs[digest] = archive.blobs[digest].replace(b"2", b"3", 1)
    with pytest.raises(DigestMismatch, match=digest):
        _find(tmp_path, archive.tar())


def test_a_missing_blob_is_named(tmp_path: Path) -> None:
    archive = ImageArchive()
    digest = str(archive.image(_LAYER)["digest"])
    del archive.blobs[digest]
    with pytest.raises(ImageError, match=f"{digest.removeprefix('sha256:')}.*is missing"):
        _find(tmp_path, archive.tar())


def test_layers_and_digests_of_different_number_are_an_error(tmp_path: Path) -> None:
    archive = ImageArchive()
    archive.image(_LAYER, diff_ids=[])
    with pytest.raises(ImageError, match="1 layers, its configuration 0"):
        _find(tmp_path, archive.tar())
