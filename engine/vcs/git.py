"""Git repositories for the solver: names, commits, trees."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from engine.core.git import GitRefs
from engine.errors import EngineError
from engine.vcs.adoption import adopt
from engine.vcs.checkout import check_out
from engine.vcs.command import GitFailed, local_git, remote_git
from engine.vcs.mirrors import Mirrors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from engine.core.git import Checkout, GitAccess


class GitProgram:
    """Repositories through git; `mirrors` is a folder for what is fetched, `scratch` for what is in passing."""

    def __init__(self, *, mirrors: Path, scratch: Path, environ: Mapping[str, str]) -> None:
        self._mirrors = Mirrors(mirrors, environ)
        self._scratch = scratch
        self._environ = environ

    def __repr__(self) -> str:
        return f"GitProgram({self._mirrors!r})"

    async def remote_refs(self, access: GitAccess) -> GitRefs:
        """Ask a remote for its names; raises EngineError."""
        with remote_git(self._environ, access, self._scratch) as git:
            return GitRefs.parse(await git("ls-remote", "--symref", "--", access.address))

    async def fetch(self, access: GitAccess, commit: str, *, depth: int, tags: bool = False) -> Path:
        """Have a commit of a remote, with `depth` commits of history, 0 for all; gives where it is."""
        with remote_git(self._environ, access, self._scratch) as git:
            return await self._mirrors.fetch(git, access, commit, depth=depth, tags=tags)

    @asynccontextmanager
    async def adopted(self, folder: Path) -> AsyncIterator[Path]:
        """Have the repository of a directory where its own configuration has no say."""
        with TemporaryDirectory(dir=self._scratch, prefix="git-") as temporary:
            target = Path(temporary) / "repository"
            await adopt(folder, target, self._environ)
            yield target

    async def local_refs(self, repository: Path) -> GitRefs:
        """Give the names of a repository that was adopted."""
        return GitRefs.parse(await local_git(self._environ)("ls-remote", "--symref", "--", repository))

    async def check_out(self, repository: Path, wanted: Checkout, into: Path, access: GitAccess | None = None) -> None:
        """Fill an empty directory; `access` is for the submodules."""
        if access is None:
            git = local_git(self._environ)
            await check_out(repository, wanted, into, remote=git, environ=self._environ, scratch=self._scratch)
            return
        with remote_git(self._environ, access, self._scratch) as git:
            await check_out(repository, wanted, into, remote=git, environ=self._environ, scratch=self._scratch)

    async def clean(self, repository: Path, folder: Path) -> None:
        """Make a working tree what HEAD has; files that it ignores stay."""
        with TemporaryDirectory(dir=self._scratch, prefix="git-") as temporary:
            index = Path(temporary) / "index"
            git = local_git(self._environ, GIT_DIR=repository, GIT_WORK_TREE=folder, GIT_INDEX_FILE=index)
            await git("read-tree", "HEAD")
            await git("checkout-index", "--all", "--force", cwd=folder)
            await git("clean", "--quiet", "-d", "--force", cwd=folder)

    async def common_ancestor(self, repositories: Sequence[Path], one: str, other: str) -> str:
        """Give the best commit that both descend from; raises EngineError when there is none."""
        with TemporaryDirectory(dir=self._scratch, prefix="git-") as temporary:
            joint = Path(temporary) / "repository"
            await local_git(self._environ)("init", "--quiet", "--bare", "--template=", joint)
            await run_sync(_join, repositories, joint)
            try:
                return (await local_git(self._environ, GIT_DIR=joint)("merge-base", "--", one, other)).strip()
            except GitFailed as error:
                raise EngineError(f"{one} and {other} have no common ancestor") from error


def _join(repositories: Sequence[Path], joint: Path) -> None:
    """Show the objects of several repositories in one."""
    objects = dict.fromkeys(f"{repository / 'objects'}\n" for repository in repositories)
    (joint / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (joint / "objects" / "info" / "alternates").write_text("".join(objects), encoding="utf-8")
    shallow = {
        line
        for repository in repositories
        if (repository / "shallow").is_file()
        for line in (repository / "shallow").read_text(encoding="ascii").split()
    }
    if shallow:
        (joint / "shallow").write_text("".join(f"{line}\n" for line in sorted(shallow)), encoding="ascii")
