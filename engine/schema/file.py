"""Fields of File."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.digest import digest_of
from engine.core.env_file import EnvFile
from engine.core.file import File, checked_name
from engine.core.json_value import JsonValue
from engine.core.output import text
from engine.core.replacing import replaced
from engine.core.tree import Chown, SetTimestamps, Stat, WriteFile
from engine.errors import InvalidRequest
from engine.schema.directory import search_query
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from engine.core.tree import Change, SearchResult
    from engine.session.session import Session

fields = Fields("File")

CONTENTS_LIMIT = 128 * 1024 * 1024
"""Bytes that `contents` gives at most (dagger core/file.go)."""


async def contents_of(session: Session, file: File) -> bytes:
    """Read a file whole; raises PathError when it is larger than CONTENTS_LIMIT."""
    where = file.source.path
    return await session.trees.read(
        file.source.snapshot, lambda trees, root: trees.read(root, where, limit=CONTENTS_LIMIT)
    )


async def _changed(session: Session, receiver: File, change: Change, describe: str) -> File:
    snapshot = await session.trees.apply(receiver.source.snapshot, change, describe)
    return replace(receiver, source=replace(receiver.source, snapshot=snapshot, timestamp=None))


@fields.leaf("contents")
async def contents(
    session: Session, receiver: File, *, offset_lines: int | None = None, limit_lines: int | None = None
) -> str:
    data = await contents_of(session, receiver)
    if offset_lines is None and limit_lines is None:
        return text(data)
    lines = data.splitlines(keepends=True) if b"\r" not in data else _lines(data)
    start = max(offset_lines or 0, 0)
    end = None if limit_lines is None or limit_lines < 0 else start + limit_lines
    return text(b"".join(lines[start:end]))


def _lines(data: bytes) -> list[bytes]:
    """Lines end with a newline, and with nothing else."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


@fields.leaf("size")
async def size(session: Session, receiver: File) -> int:
    return (await _stat(session, receiver)).size


@fields.leaf("name")
def name(_session: Session, receiver: File) -> str:
    return receiver.name


@fields.leaf("stat")
async def stat(session: Session, receiver: File) -> Stat:
    return replace(await _stat(session, receiver), name=receiver.name)


async def _stat(session: Session, receiver: File) -> Stat:
    where = receiver.source.path
    return await session.trees.read(receiver.source.snapshot, lambda trees, root: trees.stat(root, where))


@fields.leaf("digest")
async def digest(session: Session, receiver: File, *, exclude_metadata: bool) -> str:
    where = receiver.source.path
    found = await session.trees.read(
        receiver.source.snapshot, lambda trees, root: trees.file_digest(root, where, metadata=not exclude_metadata)
    )
    # Dagger takes the metadata of an uploaded file as the client sent it: never equal to a file made in the engine.
    return digest_of(["uploaded", found]) if receiver.uploaded and not exclude_metadata else found


@fields.leaf("export")
async def export(session: Session, receiver: File, *, path: str, allow_parent_dir_path: bool) -> str:
    target, where = session.workdir / path, receiver.source.path
    await session.trees.read(
        receiver.source.snapshot,
        lambda trees, root: trees.export_file(
            root, where, target, name=receiver.name, into_directory=allow_parent_dir_path
        ),
    )
    return str(target)


@fields.leaf("search")
async def search(session: Session, receiver: File, **query: object) -> list[SearchResult]:
    where, asked = receiver.source.path, search_query(query)
    return await session.trees.read(receiver.source.snapshot, lambda trees, root: trees.search(root, where, asked))


@fields.lazy("withName")
def with_name(_session: Session, receiver: File, *, name: str) -> File:
    return replace(receiver, name=checked_name(name))


@fields.lazy("chown")
async def chown(session: Session, receiver: File, *, owner: str) -> File:
    whose = (await session.trees.accounts(receiver.source.snapshot)).owner(owner)
    if whose is None:
        raise InvalidRequest("failed to parse ownership: no owner given")
    change = Chown(path=receiver.source.path, owner=whose)
    return await _changed(session, receiver, change, f"chown {receiver.name} {owner}")


@fields.lazy("withTimestamps")
async def with_timestamps(session: Session, receiver: File, *, timestamp: int) -> File:
    change = SetTimestamps(path=receiver.source.path, timestamp=timestamp)
    made = await _changed(session, receiver, change, f"withTimestamps {timestamp}")
    return replace(made, source=replace(made.source, timestamp=timestamp))


@fields.lazy("withReplaced")
async def with_replaced(
    session: Session,
    receiver: File,
    *,
    search: str,
    replacement: str,
    all: bool,
    first_from: int | None = None,
) -> File:
    old = await contents_of(session, receiver)
    new = replaced(old, search.encode(), replacement.encode(), everywhere=all, first_from=first_from)
    change = WriteFile(path=receiver.source.path, contents=new, in_place=True)
    return await _changed(session, receiver, change, f"withReplaced {receiver.name}")


@fields.lazy("asEnvFile")
async def as_env_file(session: Session, receiver: File, *, expand: bool | None = None) -> EnvFile:
    del expand  # deprecated, and always so in Dagger 0.21
    return EnvFile.parse(text(await contents_of(session, receiver)))


@fields.eager("asJSON")
async def as_json(session: Session, receiver: File) -> JsonValue:
    return JsonValue.parse(text(await contents_of(session, receiver)))
