"""Cache volumes: directories that outlive steps and sessions, named by what identifies them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from engine.core.digest import Digest, digest_of

if TYPE_CHECKING:
    from engine.core.tree import Owner, Source


class Sharing(Enum):
    """How steps share a volume (Dagger's CacheSharingMode)."""

    SHARED = "SHARED"
    PRIVATE = "PRIVATE"
    LOCKED = "LOCKED"

    @property
    def exclusive(self) -> bool:
        """Whether one step at a time holds the volume: in Dagger 0.21 PRIVATE is locked too, not private."""
        return self is not Sharing.SHARED


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheVolume:
    """One volume; every field is part of its identity."""

    key: str
    sharing: Sharing = Sharing.SHARED
    owner: Owner | None = None
    source: Source | None = None
    source_digest: Digest | None = None
    """Digest of the source's contents, so that equal sources mean one volume."""

    @property
    def identity(self) -> Digest:
        """What names the volume in the store; its contents never count."""
        owner = [self.owner.uid, self.owner.gid] if self.owner else None
        return digest_of(
            {"cache": self.key, "sharing": self.sharing.value, "owner": owner, "source": self.source_digest}
        )
