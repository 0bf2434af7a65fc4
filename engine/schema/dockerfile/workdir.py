"""WORKDIR: the directory is made if it is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.tree import MakeDirectory
from engine.core.workdir import absolute

if TYPE_CHECKING:
    from engine.core.dockerfile.building import Building
    from engine.core.dockerfile.commands import Workdir
    from engine.session.session import Session

_MODE = 0o755


async def moved(session: Session, building: Building, step: Workdir) -> Building:
    """Go to a directory, from the one before."""
    path = absolute(building.expand(step.path), building.container.config.workdir)
    rootfs = building.container.rootfs
    if not await session.trees.read(rootfs, lambda trees, root: trees.exists(root, path)):
        rootfs = await session.trees.apply(rootfs, MakeDirectory(path=path, mode=_MODE), f"WORKDIR {path}")
    return replace(building, container=building.container.changed(rootfs=rootfs)).with_config(workdir=path)
