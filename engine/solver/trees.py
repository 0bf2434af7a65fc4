"""Operations on file trees: apply a change, look into a snapshot, tell what counts of a source."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from anyio.to_thread import run_sync

from engine.core.digest import Digest, digest_of
from engine.core.passwd import Accounts
from engine.core.tree import ALL, EMPTY, CopyFile, CopyTree, FileType, Owner, Selection, SnapshotId, Source
from engine.solver.solver import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from dataclasses import Field
    from pathlib import Path

    from engine.core.tree import Change, Changes
    from engine.solver.ports import HostFiles, Json, Snapshots, Staged, Trees
    from engine.solver.solver import Solver

T = TypeVar("T")


class _ChangedMeanwhile(Exception):
    """Raised when the host's files were changed between looking and copying."""


class TreeOps:
    """What the solver does with trees."""

    def __init__(self, *, solver: Solver, snapshots: Snapshots, trees: Trees, host: HostFiles) -> None:
        self._solver = solver
        self._snapshots = snapshots
        self._trees = trees
        self._host = host

    async def apply(self, parent: SnapshotId, change: Change, describe: str) -> SnapshotId:
        """Give the snapshot that follows from a change."""
        return await self.apply_all(parent, [change], describe)

    async def apply_all(self, parent: SnapshotId, changes: Sequence[Change], describe: str) -> SnapshotId:
        """Give the snapshot that follows from changes, one after the other, as one layer."""
        counted = [[type(change).__name__, await self._counted(change)] for change in changes]
        key = digest_of({"changes": counted, "parent": parent})

        async def run() -> Outcome:
            async with AsyncExitStack() as stack:
                staged = await stack.enter_async_context(self._snapshots.stage(parent))
                for change in changes:
                    source = change.source if isinstance(change, CopyTree | CopyFile) else None
                    root = await stack.enter_async_context(self._snapshots.view(source.snapshot)) if source else None
                    await run_sync(self._trees.apply, staged.root, change, root)
                return _snapshot(await staged.commit(describe))

        return _id(await self._solver.solve(key, run))

    async def read(self, snapshot: SnapshotId, look: Callable[[Trees, Path], T]) -> T:
        """Look into a snapshot, in a thread."""
        async with self._snapshots.view(snapshot) as root:
            return await run_sync(look, self._trees, root)

    @asynccontextmanager
    async def shown(self, source: Source) -> AsyncIterator[Path]:
        """Show the file or directory of a source; read-only."""
        async with self._snapshots.view(source.snapshot) as root:
            yield root / (await run_sync(self._trees.resolve, root, source.path)).lstrip("/")

    def staged(self) -> AbstractAsyncContextManager[Staged]:
        """Open an empty tree to fill."""
        return self._snapshots.stage(EMPTY)

    async def solve(self, key: Digest, run: Callable[[], Awaitable[Outcome]]) -> Json:
        """Give the result of an operation that makes a tree."""
        return await self._solver.solve(key, run)

    async def accounts(self, snapshot: SnapshotId) -> Accounts:
        """Users and groups of a root file system."""
        passwd, group = await self.read(snapshot, lambda trees, root: trees.passwd(root))
        return Accounts(passwd=passwd, group=group)

    async def content_digest(self, source: Source, selection: Selection = ALL) -> Digest:
        """Digest of what a source holds, times left out; remembered."""
        key = digest_of(["content", source.snapshot, source.path, _fields(selection)])

        async def run() -> Outcome:
            digest = await self.read(source.snapshot, lambda trees, root: _content(trees, root, source.path, selection))
            return Outcome(result={"digest": digest})

        return Digest(str((await self._solver.solve(key, run))["digest"]))

    async def counts(self, source: Source, selection: Selection = ALL) -> str:
        """Tell what of a source counts in a key: of a whole snapshot that it is this one, else the content.

        Times do not count, as in Dagger, unless the pipeline set them: a fresh checkout does not run steps again.
        """
        if source.path == "/" and selection == ALL:
            return source.snapshot
        content = await self.content_digest(source, selection)
        return content if source.timestamp is None else f"{content} at {source.timestamp}"

    async def from_host(self, path: Path, selection: Selection) -> SnapshotId:
        """Give the snapshot of a directory of the host; only what is not known yet is copied."""
        while True:
            digest: Digest = await run_sync(self._host.digest, path, selection)
            run = partial(self._upload, path, selection, digest)
            with suppress(_ChangedMeanwhile):
                return _id(await self._solver.solve(digest_of(["host", digest]), run, describe=f"upload {path}"))

    async def _upload(self, path: Path, selection: Selection, expected: Digest) -> Outcome:
        async with self._snapshots.stage(EMPTY) as staged:
            await run_sync(self._host.copy, path, selection, staged.root)
            if await run_sync(self._trees.digest, staged.root, "/", ALL) != expected:
                raise _ChangedMeanwhile
            return _snapshot(await staged.commit(f"host directory {path}"))

    async def file_from_host(self, path: Path) -> SnapshotId:
        """Give a snapshot that holds one file of the host."""
        digest = await run_sync(self._host.file_digest, path)

        async def run() -> Outcome:
            async with self._snapshots.stage(EMPTY) as staged:
                await run_sync(self._host.copy_file, path, staged.root)
                return _snapshot(await staged.commit(f"host file {path}"))

        return _id(await self._solver.solve(digest_of(["host file", path.name, digest]), run))

    async def diff(self, old: Source, new: Source) -> SnapshotId:
        """Give what `new` adds to `old` or changes in it."""
        key = digest_of(["diff", old.snapshot, old.path, new.snapshot, new.path])

        async def run() -> Outcome:
            async with AsyncExitStack() as stack:
                before = await stack.enter_async_context(self._snapshots.view(old.snapshot))
                after = await stack.enter_async_context(self._snapshots.view(new.snapshot))
                staged = await stack.enter_async_context(self._snapshots.stage(EMPTY))
                await run_sync(self._trees.diff, before, old.path, after, new.path, staged.root)
                return _snapshot(await staged.commit("diff"))

        return _id(await self._solver.solve(key, run))

    async def compare(self, old: Source, new: Source) -> Changes:
        """Tell how a directory differs from another."""
        async with self._snapshots.view(old.snapshot) as before, self._snapshots.view(new.snapshot) as after:
            return await run_sync(self._trees.compare, before, old.path, after, new.path)

    async def _counted(self, change: Change) -> dict[str, object]:
        """Fields of a change that determine its result; of a source only what is copied counts."""
        counted = _fields(change)
        if isinstance(change, CopyTree | CopyFile):
            selection = change.selection if isinstance(change, CopyTree) else ALL
            counted["source"] = await self.counts(change.source, selection)
        return counted


def _fields(value: object) -> dict[str, object]:
    fields = cast("dict[str, Field[object]]", value.__dataclass_fields__)  # type: ignore[attr-defined]
    return {name: _plain(getattr(value, name)) for name in fields}


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, Owner):
        return [value.uid, value.gid]
    return _fields(value) if isinstance(value, Source | Selection) else value


def _content(trees: Trees, root: Path, path: str, selection: Selection) -> Digest:
    if trees.stat(root, path).file_type is FileType.DIRECTORY:
        return trees.digest(root, path, selection)
    return trees.file_digest(root, path, metadata=True)


def _snapshot(snapshot: SnapshotId) -> Outcome:
    return Outcome(result={"snapshot": snapshot}, snapshots=(snapshot,))


def _id(result: object) -> SnapshotId:
    return SnapshotId(str(cast("dict[str, object]", result)["snapshot"]))
