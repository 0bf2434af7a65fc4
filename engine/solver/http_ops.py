"""Turn a file of the web into a snapshot; what the server says is unchanged is not fetched again."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from engine.core.digest import digest_of
from engine.core.http import shown_url
from engine.core.tree import EMPTY, SnapshotId
from engine.errors import EngineError
from engine.solver.solver import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from engine.core.digest import Digest
    from engine.core.http import Fetched, HttpRequest
    from engine.solver.ports import Json, Snapshots, Validators, Web
    from engine.solver.solver import Solver


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFile:
    """A file of the web, and how it shall look."""

    request: HttpRequest
    identity: str = ""
    """What stands for the `Authorization` header in keys."""
    name: str
    mode: int
    checksum: str = ""
    """`sha256:…`; empty: whatever comes."""

    @property
    def origin(self) -> Digest:
        """Digest of where it comes from."""
        return digest_of(["http", self.request.url, self.identity])

    @property
    def pinned(self) -> Digest:
        """Key of the file that the checksum names, whatever the server has by now."""
        return digest_of(["http pinned", self.origin, self.checksum, self.name, self.mode])

    def key(self, fetched: Fetched) -> Digest:
        """Key of the file as it came: contents, name, mode and time."""
        return digest_of(["http file", fetched.digest, self.name, self.mode, fetched.modified])


class HttpOps:
    """Fetches; the same file is kept once, wherever it came from."""

    def __init__(self, *, solver: Solver, snapshots: Snapshots, web: Web, validators: Validators) -> None:
        self._solver = solver
        self._snapshots = snapshots
        self._web = web
        self._validators = validators

    async def fetch(self, file: HttpFile) -> SnapshotId:
        """Give the snapshot that holds the file at its top; a pinned file that is known needs no network.

        Raises EngineError for an answer that is no success, and for contents that the checksum does not name.
        """
        if not file.checksum:
            return await self._current(file)

        async def run() -> Outcome:
            snapshot = await self._current(file)
            return Outcome(result={"snapshot": snapshot}, snapshots=(snapshot,))

        return _snapshot(await self._solver.solve(file.pinned, run))

    async def _current(self, file: HttpFile) -> SnapshotId:
        step = self._solver.progress.started(f"http {shown_url(file.request.url)}")
        try:
            known = await run_sync(self._known, file)
            snapshot = await self._fetched(file, known)
        except BaseException as error:
            step.failed(error)
            raise
        if known and snapshot == _snapshot(known[1]):
            step.cached()
        else:
            step.done()
        return snapshot

    def _known(self, file: HttpFile) -> tuple[Fetched, Json] | None:
        """What the URL gave last, if it named a version and the file is in the store."""
        last = self._validators.recall(file.origin)
        result = self._solver.known(file.key(last)) if last and last.etag else None
        return (last, result) if last and result else None

    async def _fetched(self, file: HttpFile, known: tuple[Fetched, Json] | None) -> SnapshotId:
        async with self._snapshots.stage(EMPTY) as staged:
            path = staged.root / file.name
            request = replace(file.request, etag=known[0].etag if known else "")
            fetched = await self._web.fetch(request, path)
            if fetched is None and known:
                _check(file, known[0])
                return _snapshot(known[1])
            if fetched is None:
                raise EngineError(f"{shown_url(file.request.url)}: the server says unchanged, to one who knows nothing")
            _check(file, fetched)
            await run_sync(partial(_settle, path, file.mode, fetched.modified))

            async def commit() -> Outcome:
                snapshot = await staged.commit(f"http {file.name}")
                return Outcome(result={"snapshot": snapshot}, snapshots=(snapshot,))

            result = await self._solver.solve(file.key(fetched), commit)
        await run_sync(self._validators.keep, file.origin, fetched)
        return _snapshot(result)


def _check(file: HttpFile, fetched: Fetched) -> None:
    if file.checksum and fetched.digest != file.checksum:
        raise EngineError(f"http checksum mismatch: expected {file.checksum}, got {fetched.digest}")


def _settle(path: Path, mode: int, modified: int) -> None:
    os.chown(path, 0, 0)
    path.chmod(mode)
    os.utime(path, (modified, modified))


def _snapshot(result: Json) -> SnapshotId:
    return SnapshotId(str(result["snapshot"]))
