"""OCI archives, written and read."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from pipelines.archive import read_image, write_single_layer
from pipelines.errors import PipelineError


def layer(path: Path) -> Path:
    with tarfile.open(path, "w") as tar:
        entry = tarfile.TarInfo("etc/motd")
        entry.size = 5
        tar.addfile(entry, io.BytesIO(b"hello"))
    return path


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    root = layer(tmp_path / "root.tar")
    digest = write_single_layer(root, tmp_path / "image.tar", architecture="amd64", config={"Cmd": ["sh"]})
    image = read_image(tmp_path / "image.tar")
    assert image.digest == digest
    assert image.config["config"] == {"Cmd": ["sh"]}
    (only,) = image.layers
    assert only.diff_id == "sha256:" + hashlib.sha256(root.read_bytes()).hexdigest()
    assert only.size == image.size


def test_every_blob_has_the_digest_that_names_it(tmp_path: Path) -> None:
    write_single_layer(layer(tmp_path / "root.tar"), tmp_path / "image.tar", architecture="amd64", config={})
    with tarfile.open(tmp_path / "image.tar") as tar:
        blobs = [member for member in tar if member.name.startswith("blobs/sha256/")]
        assert len(blobs) == 3
        for blob in blobs:
            content = tar.extractfile(blob)
            assert content is not None
            assert hashlib.sha256(content.read()).hexdigest() == Path(blob.name).name


def test_another_tool_reads_the_archive(tmp_path: Path) -> None:
    digest = write_single_layer(layer(tmp_path / "root.tar"), tmp_path / "i.tar", architecture="amd64", config={})
    # The policy is given here, for one more may not be installed with the tool.
    command = ["skopeo", "--insecure-policy", "inspect", "--raw", f"oci-archive:{tmp_path / 'i.tar'}"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    assert "sha256:" + hashlib.sha256(raw).hexdigest() == digest


def test_the_same_layer_gives_the_same_bytes(tmp_path: Path) -> None:
    root = layer(tmp_path / "root.tar")
    for name in ("a", "b"):
        write_single_layer(root, tmp_path / name, architecture="amd64", config={"Env": ["A=1"]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "root.tar"]


def test_layers_take_their_description_from_the_history_without_its_empty_entries(tmp_path: Path) -> None:
    packed = gzip.compress(b"x" * 1024)
    digest = hashlib.sha256(packed).hexdigest()
    config = json.dumps(
        {
            "rootfs": {"diff_ids": ["sha256:1", "sha256:2"]},
            "history": [
                {"created_by": "one"},
                {"created_by": "ENV", "empty_layer": True},
                {"created_by": "two"},
            ],
        }
    ).encode()
    manifest = json.dumps(
        {
            "config": {"digest": "sha256:" + hashlib.sha256(config).hexdigest()},
            "layers": [{"digest": f"sha256:{digest}", "size": 7}] * 2,
        }
    ).encode()
    manifest_digest = "sha256:" + hashlib.sha256(manifest).hexdigest()
    with tarfile.open(tmp_path / "image.tar", "w") as tar:
        for name, data in {
            "index.json": json.dumps({"manifests": [{"digest": manifest_digest}]}).encode(),
            f"blobs/sha256/{manifest_digest[7:]}": manifest,
            f"blobs/sha256/{hashlib.sha256(config).hexdigest()}": config,
        }.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    assert [found.created_by for found in read_image(tmp_path / "image.tar").layers] == ["one", "two"]


@pytest.mark.parametrize("content", [b"", b"no tar at all", b"\0" * 10240])
def test_what_is_no_archive_is_one_clear_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(PipelineError, match=r"x\.tar is not an OCI image archive"):
        read_image(tmp_path / "x.tar")
