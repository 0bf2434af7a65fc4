"""Digest of a tree or a file: equal for equal names, contents and metadata, whatever their times.

The stream that is hashed: one record for the top, then one for each entry in the order of the walk. A record is a list
of fields, each after its length in decimal and a colon, closed by a newline.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from stat import S_IFMT, S_ISBLK, S_ISCHR, S_ISLNK, S_ISREG, S_ISSOCK
from typing import TYPE_CHECKING

from engine.core.digest import Digest
from engine.store.attributes import extended_attributes
from engine.store.contents import open_for_reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.core.tree import Owner
    from engine.store.walk import Entry

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Regard:
    """What a digest looks at, and what it takes as given."""

    owner: Owner | None = None
    """Owner that counts instead of each file's own."""
    attributes: bool = True
    special: bool = True
    """Whether devices and sockets count."""
    times: bool = False


EVERYTHING = Regard()


def tree_digest(top: list[bytes], entries: Iterable[Entry], regard: Regard = EVERYTHING) -> Digest:
    """Digest of a directory, given the record of the directory itself."""
    digest = hashlib.sha256(_record(top))
    for entry in entries:
        mode = entry.status.st_mode
        if regard.special or not (S_ISSOCK(mode) or S_ISCHR(mode) or S_ISBLK(mode)):
            digest.update(_record([os.fsencode(entry.path), *described(entry.real, entry.status, regard)]))
    return Digest(f"sha256:{digest.hexdigest()}")


def file_digest(real: str, status: os.stat_result) -> Digest:
    """Digest of a file's contents and metadata, without its name."""
    return Digest(f"sha256:{hashlib.sha256(_record(described(real, status))).hexdigest()}")


def contents_digest(real: str) -> Digest:
    """Digest of a file's contents: the SHA-256 of the SHA-256 of its bytes, as Dagger's File.digest gives it."""
    return Digest(f"sha256:{hashlib.sha256(_sha256(real)).hexdigest()}")


def described(real: str, status: os.stat_result, regard: Regard = EVERYTHING) -> list[bytes]:
    """Fields that say all about a path but its name."""
    uid, gid = (regard.owner.uid, regard.owner.gid) if regard.owner else (status.st_uid, status.st_gid)
    fields = facts(status.st_mode, uid, gid)
    mode = status.st_mode
    if S_ISREG(mode):
        fields.append(_sha256(real))
    elif S_ISLNK(mode):
        fields.append(os.fsencode(os.readlink(real)))  # noqa: PTH115 (a str already)
    elif S_ISCHR(mode) or S_ISBLK(mode):
        fields.append(b"%d" % status.st_rdev)
    if regard.attributes:
        for name, value in extended_attributes(real).items():
            fields += [os.fsencode(name), value]
    if regard.times:
        fields.append(b"%d" % status.st_mtime_ns)
    return fields


def facts(mode: int, uid: int, gid: int) -> list[bytes]:
    """Fields for kind, mode and owner; the mode of a link says nothing."""
    return [b"%o" % (S_IFMT(mode) if S_ISLNK(mode) else mode), b"%d:%d" % (uid, gid)]


def _sha256(real: str) -> bytes:
    descriptor = open_for_reading(real)
    try:
        digest = hashlib.sha256()
        # Most files are small: hashlib.file_digest costs more than they do.
        while data := os.read(descriptor, _PIECE):
            digest.update(data)
        return digest.digest()
    finally:
        os.close(descriptor)


def _record(fields: list[bytes]) -> bytes:
    return b"".join(b"%d:%b" % (len(field), field) for field in fields) + b"\n"
