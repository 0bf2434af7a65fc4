"""Layers → manifests and indexes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.core.digest import Digest
from engine.core.image_config import ImageConfig
from engine.core.platform import Platform
from engine.errors import ImageError
from engine.oci.compression import Compression
from engine.oci.manifest import History, MediaTypes
from engine.solver.image_assembly import FinishedImage, FinishedLayer, assemble
from engine.solver.image_layers import PackedLayer

_OCI = "application/vnd.oci.image."


def _layer(number: int) -> FinishedLayer:
    digest = Digest("sha256:" + str(number) * 64)
    packed = PackedLayer(digest=digest, size=number, diff_id=Digest("sha256:" + "a" * 64))
    history = History(created=datetime(2024, 1, number, tzinfo=UTC), created_by=f"step {number}")
    return FinishedLayer(packed=packed, path=Path(f"/blobs/{number}"), history=history)


def _image(platform: str, *numbers: int, **annotations: str) -> FinishedImage:
    return FinishedImage(
        config=ImageConfig(user="7"),
        platform=Platform.parse(platform),
        layers=tuple(_layer(number) for number in numbers),
        annotations=annotations,
    )


def test_one_image_is_its_manifest() -> None:
    layout = assemble([_image("linux/amd64", 1, 2, note="kept")], Compression.GZIP, MediaTypes.OCI)
    manifest = json.loads(layout.documents[layout.root.digest])
    assert layout.root.to_json()["annotations"] == manifest["annotations"] == {"note": "kept"}
    assert "platform" not in layout.root.to_json()
    assert [(layer["mediaType"], layer["size"]) for layer in manifest["layers"]] == [
        (f"{_OCI}layer.v1.tar+gzip", 1),
        (f"{_OCI}layer.v1.tar+gzip", 2),
    ]
    config = json.loads(layout.documents[manifest["config"]["digest"]])
    assert [entry["created_by"] for entry in config["history"]] == ["step 1", "step 2"]
    assert (config["created"], config["architecture"]) == ("2024-01-02T00:00:00Z", "amd64")
    assert sorted(str(path) for path in layout.layers.values()) == ["/blobs/1", "/blobs/2"]


@pytest.mark.parametrize("family", MediaTypes)
def test_several_images_are_an_index_sorted_by_platform(family: MediaTypes) -> None:
    images = [_image("linux/arm64", 1), _image("linux/amd64", 1, 2)]
    layout = assemble(images, Compression.NONE, family)
    index = json.loads(layout.documents[layout.root.digest])
    assert (layout.root.media_type, index["mediaType"]) == (family.index, family.index)
    assert [one["platform"] for one in index["manifests"]] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm64", "os": "linux"},
    ]
    assert all(one["digest"] in layout.documents for one in index["manifests"])


def test_no_image_and_two_of_one_platform_are_errors_in_daggers_words() -> None:
    with pytest.raises(ImageError, match=r"^no containers to export$"):
        assemble([], Compression.GZIP, MediaTypes.OCI)
    with pytest.raises(ImageError, match=r'^duplicate platform "linux/amd64"$'):
        assemble([_image("linux/amd64", 1), _image("linux/amd64", 2)], Compression.GZIP, MediaTypes.OCI)
