"""Tell what kind of file an upload is by its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentType:
    """A kind of file that is accepted: its media type, its first bytes, the endings its name may have."""

    name: str
    magic: bytes
    offset: int = 0
    suffixes: tuple[str, ...]

    def matches(self, head: bytes) -> bool:
        """Say whether a file that begins with `head` is of this kind."""
        return head.startswith(self.magic, self.offset)


# Only what a browser shows without running it: no HTML, no SVG.
ACCEPTED = (
    ContentType(name="application/pdf", magic=b"%PDF-", suffixes=(".pdf",)),
    ContentType(name="image/png", magic=b"\x89PNG\r\n\x1a\n", suffixes=(".png",)),
    ContentType(name="image/jpeg", magic=b"\xff\xd8\xff", suffixes=(".jpg", ".jpeg")),
    # PS3.10 7.1: 128 bytes of preamble, then the prefix.
    ContentType(name="application/dicom", magic=b"DICM", offset=128, suffixes=(".dcm",)),
)
_HEAD = max(len(kind.magic) + kind.offset for kind in ACCEPTED)


def recognise(file: BinaryIO) -> ContentType | None:
    """Return the accepted kind of file this is, or None; leaves the position at the start."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    return next((kind for kind in ACCEPTED if kind.matches(head)), None)
