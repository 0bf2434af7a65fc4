"""What is special about blobs in files; the rest is in tests/contracts/test_blobs.py."""

from __future__ import annotations

import stat
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from engine.core.digest import Digest, digest_of_bytes
from engine.errors import BlobNotFound
from engine.store.blobs import FileBlobs
from engine.store.layout import Layout
from engine.store.staging import opened_staging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.make()
    return layout


@pytest.fixture
def blobs(layout: Layout) -> Iterator[FileBlobs]:
    with opened_staging(layout) as staging:
        yield FileBlobs(layout, staging)


def test_a_blob_lies_under_its_digest_and_can_not_be_written(blobs: FileBlobs, layout: Layout) -> None:
    digest = blobs.put(b"hello")
    path = layout.state / "blobs" / "sha256" / digest.removeprefix("sha256:")
    assert blobs.path(digest) == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_a_damaged_blob_is_removed_rather_than_given(blobs: FileBlobs) -> None:
    digest = blobs.put(b"hello")
    path = blobs.path(digest)
    path.chmod(0o644)
    path.write_bytes(b"hell")
    with pytest.raises(BlobNotFound, match="damaged"):
        blobs.get(digest)
    assert not blobs.has(digest)


def test_nothing_is_left_beside_the_blobs(blobs: FileBlobs, layout: Layout) -> None:
    blobs.put(b"hello")
    with suppress(ZeroDivisionError), blobs.writer() as writer:
        writer.write(b"half")
        raise ZeroDivisionError
    assert [path.name for path in layout.blobs.iterdir()] == [digest_of_bytes(b"hello").removeprefix("sha256:")]
    assert [path.name for folder in layout.staging.iterdir() for path in folder.iterdir()] == ["lock"]


@pytest.mark.parametrize("digest", ["sha256:../../cache.db", "sha256:", "md5:" + "0" * 64, "sha256:" + "0" * 63 + "/"])
def test_what_is_no_digest_is_no_path(blobs: FileBlobs, digest: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256 digest"):
        blobs.has(Digest(digest))
