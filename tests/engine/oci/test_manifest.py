"""Manifests, indexes and configurations as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from engine.core.digest import Digest
from engine.core.image_config import ImageConfig
from engine.core.platform import Platform
from engine.errors import ImageError
from engine.oci.compression import Compression
from engine.oci.manifest import (
    Descriptor,
    History,
    ImageFile,
    Index,
    Manifest,
    MediaTypes,
    parse_digest,
    parse_image_file,
    parse_manifest,
    timestamp,
)

_DIGEST = Digest("sha256:" + "1" * 64)
_AMD = Platform.parse("linux/amd64")


def _descriptor(media_type: str = "x", **fields: object) -> Descriptor:
    return Descriptor(media_type=media_type, digest=_DIGEST, size=3, **fields)  # type: ignore[arg-type]


def test_media_types_are_those_of_the_specifications() -> None:
    docker = MediaTypes.DOCKER
    assert [MediaTypes.OCI.layer(compression) for compression in Compression] == [
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.oci.image.layer.v1.tar",
    ]
    assert [docker.layer(compression) for compression in Compression] == [
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
        "application/vnd.docker.image.rootfs.diff.tar",
    ]
    assert docker.index == "application/vnd.docker.distribution.manifest.list.v2+json"


@pytest.mark.parametrize("family", MediaTypes)
def test_a_manifest_is_read_as_it_was_written(family: MediaTypes) -> None:
    manifest = Manifest(
        media_type=family.manifest,
        config=_descriptor(family.config),
        layers=(_descriptor("l1"), _descriptor("l2")),
        annotations={"b": "2", "a": "<&>é"},
    )
    assert parse_manifest(manifest.encode()) == manifest


@pytest.mark.parametrize("family", MediaTypes)
def test_an_index_is_read_as_it_was_written(family: MediaTypes) -> None:
    arm = Platform.parse("linux/arm/v7")
    index = Index(
        media_type=family.index,
        manifests=(_descriptor("m", platform=arm, annotations={"a": "b"}), _descriptor("m", platform=_AMD)),
    )
    assert parse_manifest(index.encode()) == index
    assert json.loads(index.encode())["manifests"][0]["platform"] == {
        "architecture": "arm",
        "os": "linux",
        "variant": "v7",
    }


def test_json_is_indented_by_two_and_its_keys_are_in_the_order_of_the_specification() -> None:
    manifest = Manifest(media_type="m", config=_descriptor(), layers=())
    assert manifest.encode().decode().splitlines()[:3] == ["{", '  "schemaVersion": 2,', '  "mediaType": "m",']
    assert list(json.loads(manifest.encode())) == ["schemaVersion", "mediaType", "config", "layers"]


def test_a_manifest_without_a_type_is_known_by_what_it_holds_or_is_called() -> None:
    layers = {"schemaVersion": 2, "config": _descriptor().to_json(), "layers": []}
    assert isinstance(parse_manifest(json.dumps(layers).encode()), Manifest)
    assert isinstance(parse_manifest(b'{"schemaVersion":2,"manifests":[]}'), Index)
    assert isinstance(parse_manifest(b'{"schemaVersion":2}', MediaTypes.OCI.index), Index)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"nonsense",
        b"{}",
        b'{"schemaVersion":1,"mediaType":"application/vnd.docker.distribution.manifest.v1+json"}',
        b'{"layers":[]}',
        b'{"layers":[],"config":{"digest":"sha256:../../x","size":1}}',
        b'{"layers":[],"config":{"digest":"' + _DIGEST.encode() + b'","size":-1}}',
        b'{"manifests":["x"]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_an_error(data: bytes) -> None:
    with pytest.raises(ImageError):
        parse_manifest(data)


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256:" + "1" * 63, "sha256:" + "G" * 64, "sha512:" + "1" * 128, None]
)
def test_a_digest_that_could_be_a_path_is_refused(text: str | None) -> None:
    with pytest.raises(ImageError, match="not a SHA-256 digest"):
        parse_digest(text)


def test_the_configuration_of_an_image_has_sorted_keys_and_a_history_entry_for_each_layer() -> None:
    times = [datetime(2024, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC), datetime(2024, 1, 2, 3, 4, 6, tzinfo=UTC)]
    file = ImageFile(
        platform=Platform.parse("linux/arm/v7"),
        config=ImageConfig(user="7"),
        diff_ids=(_DIGEST, _DIGEST),
        history=tuple(History(created=time, created_by=f"step {time.second}") for time in times),
    )
    value = json.loads(file.encode())
    assert list(value) == ["architecture", "config", "created", "history", "os", "rootfs", "variant"]
    assert value["created"] == "2024-01-02T03:04:06Z"
    assert value["history"][0] == {
        "created": "2024-01-02T03:04:05.6Z",
        "created_by": "step 5",
        "comment": "buildkit.exporter.image.v0",
    }
    assert value["rootfs"] == {"type": "layers", "diff_ids": [_DIGEST, _DIGEST]}
    back = parse_image_file(file.encode())
    assert (back.platform, back.config, back.diff_ids) == (file.platform, file.config, file.diff_ids)


def test_an_image_from_scratch_has_an_empty_config_and_no_variant() -> None:
    value = json.loads(ImageFile(platform=_AMD, config=ImageConfig(), diff_ids=()).encode())
    assert value == {"architecture": "amd64", "config": {}, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}


def test_a_time_has_no_trailing_zeros() -> None:
    assert timestamp(datetime(2024, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC)) == "2024-01-02T03:04:05.12Z"
