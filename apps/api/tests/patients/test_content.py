from __future__ import annotations

from io import BytesIO

import pytest

from patients.content import recognise


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (bytes(128) + b"DICM", "application/dicom"),
    ],
)
def test_a_kind_is_recognised_by_its_first_bytes(content, name):
    file = BytesIO(content)
    assert recognise(file).name == name
    assert file.tell() == 0


@pytest.mark.parametrize("content", [b"", b"PDF", b"<svg/>", b" %PDF-1.4", b"MZ"])
def test_anything_else_is_not_recognised(content):
    assert recognise(BytesIO(content)) is None
