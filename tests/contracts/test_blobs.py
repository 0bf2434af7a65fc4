"""What every implementation of Blobs does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.core.digest import Digest, digest_of_bytes
from engine.errors import BlobNotFound, DigestMismatch
from engine.store.blobs import FileBlobs
from engine.store.layout import Layout
from engine.store.staging import opened_staging
from tests.fakes.blobs import FakeBlobs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.solver.ports import Blobs

MISSING = digest_of_bytes(b"never put")


@pytest.fixture(params=["fake", "file"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    if request.param == "fake":
        yield FakeBlobs(tmp_path)
        return
    layout = Layout(tmp_path)
    layout.make()
    with opened_staging(layout) as staging:
        yield FileBlobs(layout, staging)


def test_what_is_put_can_be_had_in_every_way(blobs: Blobs) -> None:
    digest = blobs.put(b"hello")
    assert digest == digest_of_bytes(b"hello")
    assert blobs.has(digest)
    assert blobs.get(digest) == b"hello"
    assert blobs.path(digest).read_bytes() == b"hello"
    with blobs.open(digest) as file:
        assert file.read() == b"hello"


def test_putting_twice_is_putting_once(blobs: Blobs) -> None:
    assert blobs.put(b"hello") == blobs.put(b"hello")
    assert blobs.get(digest_of_bytes(b"hello")) == b"hello"


@pytest.mark.parametrize("ask", ["get", "path", "open"])
def test_a_missing_blob_is_an_error(blobs: Blobs, ask: str) -> None:
    assert not blobs.has(MISSING)
    with pytest.raises(BlobNotFound, match=MISSING):
        getattr(blobs, ask)(MISSING)


def test_a_writer_keeps_what_was_written(blobs: Blobs) -> None:
    with blobs.writer() as writer:
        assert writer.write(b"hel") == 3
        writer.write(b"lo")
        digest = writer.commit(digest_of_bytes(b"hello"))
    assert blobs.get(digest) == b"hello"


def test_a_writer_that_is_not_committed_keeps_nothing(blobs: Blobs) -> None:
    with blobs.writer() as writer:
        writer.write(b"hello")
    assert not blobs.has(digest_of_bytes(b"hello"))


def test_bytes_of_another_digest_are_refused(blobs: Blobs) -> None:
    with blobs.writer() as writer:
        writer.write(b"hello")
        with pytest.raises(DigestMismatch, match=MISSING):
            writer.commit(MISSING)
    assert not blobs.has(MISSING)
    assert not blobs.has(Digest(digest_of_bytes(b"hello")))
