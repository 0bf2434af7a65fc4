"""Every path below the state directory.

    cache.db             what was done before, and the table of snapshots (SQLite, WAL)
    snapshots/ID/        one layer: what the snapshot changed over its parent, in overlayfs form
    blobs/sha256/HEX     bytes by their digest
    volumes/HEX/         cache volumes, by the digest of their identity
    reserve              space to be freed by `prune`, so that it can work on a full disk
    locks/               files that flock(2) is taken on; see engine/store/locks.py
    staging/RANDOM/      one session's unfinished work and mount points; removed when the session is over

All are on one file system, so that finished work is kept by a rename. Snapshots and volumes whose names begin with a
dot are dead, and being removed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.core.digest import Digest
    from engine.core.tree import SnapshotId


@dataclass(frozen=True, slots=True)
class Layout:
    """The state directory's tree."""

    state: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.state / "cache.db"

    @property
    def snapshots(self) -> Path:
        """Where the layers are."""
        return self.state / "snapshots"

    @property
    def blobs(self) -> Path:
        """Where the blobs are."""
        return self.state / "blobs" / "sha256"

    @property
    def volumes(self) -> Path:
        """Where the cache volumes are."""
        return self.state / "volumes"

    @property
    def staging(self) -> Path:
        """Where sessions have their own folders."""
        return self.state / "staging"

    @property
    def locks(self) -> Path:
        """Where the lock files are."""
        return self.state / "locks"

    @property
    def reserve(self) -> Path:
        """A file that only takes up space."""
        return self.state / "reserve"

    @property
    def sweep_lock(self) -> Path:
        """Held by the one session that sweeps."""
        return self.locks / "sweep"

    @property
    def sessions_lock(self) -> Path:
        """Held shared by every session, exclusively by what must be alone."""
        return self.locks / "sessions"

    @property
    def staging_lock(self) -> Path:
        """Held while a session's folder is made, or judged dead."""
        return self.locks / "staging"

    @property
    def database_lock(self) -> Path:
        """Held while the database is opened."""
        return self.locks / "database"

    def layer(self, snapshot: SnapshotId) -> Path:
        """Directory of one layer."""
        return self.snapshots / snapshot

    def blob(self, digest: Digest) -> Path:
        """File of one blob; raises ValueError when `digest` is not one."""
        return self.blobs / hexadecimal(digest)

    def volume(self, identity: Digest) -> Path:
        """Root of one cache volume."""
        return self.volumes / hexadecimal(identity)

    def volume_lock(self, identity: Digest) -> Path:
        """Held by the users of a cache volume; its modification time is when the last of them came."""
        return self.locks / "volumes" / hexadecimal(identity)

    def make(self) -> None:
        """Make the directories, modes whatever the umask; a new state directory is for its owner alone."""
        for parent in reversed(self.state.parents):
            _make_directory(parent, 0o755)
        _make_directory(self.state, 0o700)
        top = self.blobs.parent, self.snapshots, self.volumes, self.staging, self.locks
        for folder in (*top, self.blobs, self.locks / "volumes"):
            _make_directory(folder, 0o755)


def _make_directory(path: Path, mode: int) -> None:
    with suppress(FileExistsError):
        path.mkdir(mode=mode)


def hexadecimal(digest: Digest) -> str:
    """Give the 64 digits of a SHA-256 digest; a file name, so anything else is refused."""
    algorithm, _, digits = digest.partition(":")
    if algorithm != "sha256" or len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):  # noqa: PLR2004
        raise ValueError(f"not a SHA-256 digest: {digest!r}")
    return digits
