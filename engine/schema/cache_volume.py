"""Cache volumes: what a call makes of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.cache_volume import Sharing

if TYPE_CHECKING:
    from engine.core.cache_volume import CacheVolume
    from engine.core.directory import Directory
    from engine.core.tree import Owner
    from engine.session.session import Session


async def volume_of(
    session: Session, volume: CacheVolume, *, sharing: str, owner: Owner | None, source: Directory | None
) -> CacheVolume:
    """Give the volume with what a call says of it: that makes it another volume, as in Dagger."""
    if sharing != Sharing.SHARED.value:
        volume = replace(volume, sharing=Sharing(sharing))
    if owner is not None:
        volume = replace(volume, owner=owner)
    if source is not None:
        digest = await session.trees.content_digest(source.source)
        volume = replace(volume, source=source.source, source_digest=digest)
    return volume
