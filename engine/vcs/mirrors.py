"""Keep what was fetched of remote repositories, so that only what is new is fetched again.

Rule 1: a mirror only grows: nothing in it is removed or rewritten, so who reads needs no lock.
Rule 2: `refs/depth/N/COMMIT` says that a commit is there with N commits of its history, 0 for all.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio

from engine.core.git import TAGS
from engine.errors import EngineError
from engine.vcs.command import GitFailed, local_git

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from engine.core.git import GitAccess
    from engine.vcs.command import Git

_POLL_SECONDS = 0.05
_NO_SINGLE_COMMITS = re.compile("unadvertised object|dumb http|shallow capabilities|does not support shallow")
_UNKNOWN_COMMIT = re.compile("not our ref|couldn't find remote ref|bad object|no such remote ref", re.IGNORECASE)


class Mirrors:
    """Bare repositories below a folder, one for each URL, shared by all sessions."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ

    def __repr__(self) -> str:
        return f"Mirrors({self._folder})"

    async def fetch(self, remote: Git, access: GitAccess, commit: str, *, depth: int, tags: bool) -> Path:
        """Have a commit with its history in the mirror of a URL; gives the mirror. Raises EngineError."""
        mirror = self._folder / hashlib.sha256(access.url.encode()).hexdigest()
        async with self._locked(mirror):
            await self._create(mirror)
            if not await self._has(mirror, commit, depth):
                await self._get(remote, access, mirror, commit, depth)
            if tags:
                limit = _depth(mirror, depth)
                await remote("fetch", "--quiet", *limit, "--", access.address, f"+{TAGS}*:{TAGS}*", cwd=mirror)
        return mirror

    async def _create(self, mirror: Path) -> None:
        if not (mirror / "HEAD").exists():
            await local_git(self._environ)("init", "--quiet", "--bare", "--template=", mirror)

    async def _has(self, mirror: Path, commit: str, depth: int) -> bool:
        git = local_git(self._environ, GIT_DIR=mirror)
        with suppress(GitFailed):
            await git("cat-file", "-e", f"{commit}^{{commit}}")
            if not (mirror / "shallow").exists():
                return True
            names = (await git("for-each-ref", "--format=%(refname)", f"refs/depth/*/{commit}")).split()
            depths = [int(name.split("/")[2]) for name in names]
            return 0 in depths or (depth > 0 and any(there >= depth for there in depths))
        return False

    async def _get(self, remote: Git, access: GitAccess, mirror: Path, commit: str, depth: int) -> None:
        limit = _depth(mirror, depth)
        # A mirror that is whole stays whole, and so do its commits.
        got = depth if any(option.startswith("--depth") for option in limit) else 0
        wanted = f"+{commit}:refs/depth/{got}/{commit}"
        fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", *limit, "--", access.address)
        try:
            await remote(*fetch, wanted, cwd=mirror)
        except GitFailed as error:
            if _UNKNOWN_COMMIT.search(error.output):
                raise EngineError(f"repository {access.url} does not contain commit {commit}") from error
            if not _NO_SINGLE_COMMITS.search(error.output):
                raise
            await self._get_all(remote, access, mirror, commit)

    async def _get_all(self, remote: Git, access: GitAccess, mirror: Path, commit: str) -> None:
        """Fetch everything: some servers give no single commits."""
        names = ("+refs/heads/*:refs/heads/*", f"+{TAGS}*:{TAGS}*")
        whole = _depth(mirror, 0)
        await remote("fetch", "--quiet", "--no-write-fetch-head", *whole, "--", access.address, *names, cwd=mirror)
        try:
            await local_git(self._environ, GIT_DIR=mirror)("update-ref", f"refs/depth/0/{commit}", commit)
        except GitFailed as error:
            raise EngineError(f"repository {access.url} does not contain commit {commit}") from error

    @asynccontextmanager
    async def _locked(self, mirror: Path) -> AsyncIterator[None]:
        """Be the only one, of all sessions, who writes to a mirror."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(mirror.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                await anyio.sleep(_POLL_SECONDS)
            yield
        finally:
            os.close(descriptor)


def _depth(mirror: Path, depth: int) -> list[str]:
    """Option that limits a fetch, or lifts the limits of earlier ones."""
    shallow = (mirror / "shallow").exists()
    empty = not (mirror / "refs" / "depth").exists() and not (mirror / "packed-refs").exists()
    if depth > 0:
        return [f"--depth={depth}"] if shallow or empty else []
    return ["--unshallow"] if shallow else []
