"""Fields of Changeset: how a directory differs from another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.directory import Directory
from engine.core.tree import Source
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from engine.core.changeset import Changeset
    from engine.core.tree import Changes
    from engine.session.session import Session

fields = Fields("Changeset")
diff_stat = Fields("DiffStat")


async def _differences(session: Session, receiver: Changeset) -> Changes:
    return await session.trees.compare(receiver.before.source, receiver.after.source)


@fields.leaf("addedPaths")
async def added_paths(session: Session, receiver: Changeset) -> list[str]:
    return list((await _differences(session, receiver)).added)


@fields.leaf("modifiedPaths")
async def modified_paths(session: Session, receiver: Changeset) -> list[str]:
    return list((await _differences(session, receiver)).modified)


@fields.leaf("removedPaths")
async def removed_paths(session: Session, receiver: Changeset) -> list[str]:
    return list((await _differences(session, receiver)).removed)


@fields.leaf("isEmpty")
async def is_empty(session: Session, receiver: Changeset) -> bool:
    found = await _differences(session, receiver)
    return not (found.added or found.modified or found.removed)


@fields.lazy("before")
def before(_session: Session, receiver: Changeset) -> Directory:
    return receiver.before


@fields.lazy("after")
def after(_session: Session, receiver: Changeset) -> Directory:
    return receiver.after


@fields.lazy("layer")
async def layer(session: Session, receiver: Changeset) -> Directory:
    snapshot = await session.trees.diff(receiver.before.source, receiver.after.source)
    return Directory(source=Source(snapshot=snapshot))


_NO_PATCHES = "it compares directories, and neither writes nor merges patches"
for name in ("asPatch", "export", "withChangeset", "withChangesets", "diffStats"):
    fields.not_supported(name, _NO_PATCHES)
for name in ("addedLines", "kind", "oldPath", "path", "removedLines"):
    diff_stat.not_supported(name, _NO_PATCHES)
