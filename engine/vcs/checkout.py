"""Put the files of a commit into a directory, with or without a repository beside them."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from engine.core.git import HEADS, TAGS
from engine.vcs.command import GitFailed, local_git

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.core.git import Checkout
    from engine.vcs.command import Git

_LEFTOVERS = ("FETCH_HEAD", "ORIG_HEAD", "logs")


async def check_out(
    repository: Path, wanted: Checkout, into: Path, *, remote: Git, environ: Mapping[str, str], scratch: Path
) -> None:
    """Fill an empty directory; `repository` has the commit, `remote` reaches what submodules name."""
    submodules = await _has_submodules(repository, wanted.commit, environ)
    if not wanted.git_dir and not submodules:
        await _files(repository, wanted.commit, into, environ, scratch)
        return
    await _clone(repository, wanted, into, environ)
    if submodules:
        await remote("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1", cwd=into)
    await run_sync(_tidy, into, wanted)


async def _has_submodules(repository: Path, commit: str, environ: Mapping[str, str]) -> bool:
    try:
        await local_git(environ, GIT_DIR=repository)("cat-file", "-e", f"{commit}:.gitmodules")
    except GitFailed:
        return False
    return True


async def _files(repository: Path, commit: str, into: Path, environ: Mapping[str, str], scratch: Path) -> None:
    with TemporaryDirectory(dir=scratch, prefix="git-") as folder:
        git = local_git(environ, GIT_DIR=repository, GIT_WORK_TREE=into, GIT_INDEX_FILE=Path(folder) / "index")
        await git("read-tree", commit)
        await git("checkout-index", "--all", "--force", cwd=into)


async def _clone(repository: Path, wanted: Checkout, into: Path, environ: Mapping[str, str]) -> None:
    git = local_git(environ)
    branch = wanted.name.removeprefix(HEADS) if wanted.name.startswith(HEADS) else ""
    await git("init", "--quiet", "--template=", f"--initial-branch={branch or 'main'}", into)
    if wanted.url:
        await git("remote", "add", "origin", wanted.url, cwd=into)
    limit = [f"--depth={wanted.depth}"] if wanted.depth > 0 else []
    names = [f"+{TAGS}*:{TAGS}*"] if wanted.tags else []
    kept = "refs/fetched"
    source = repository
    await git("fetch", "--quiet", "--no-tags", *limit, "--", source, f"+{wanted.commit}:{kept}", *names, cwd=into)
    if branch:
        await git("update-ref", wanted.name, wanted.commit, cwd=into)
    else:
        await git("update-ref", "--no-deref", "HEAD", wanted.commit, cwd=into)
    if wanted.name.startswith(TAGS):
        await git("update-ref", wanted.name, wanted.commit, cwd=into)
    await git("reset", "--quiet", "--hard", cwd=into)
    await git("update-ref", "-d", kept, cwd=into)


def _tidy(into: Path, wanted: Checkout) -> None:
    if wanted.git_dir:
        for name in _LEFTOVERS:
            leftover = into / ".git" / name
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        return
    for found in (into / ".git", *into.rglob(".git")):
        shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)
