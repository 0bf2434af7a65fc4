"""Read a repository that lies in a tree, without obeying it.

What a pipeline made may say anything in its configuration and its links. So git never runs in it: a repository of our
own borrows its objects and copies its names.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from engine.errors import EngineError
from engine.vcs.command import local_git

if TYPE_CHECKING:
    from collections.abc import Mapping

_COPIED = ("HEAD", "packed-refs", "shallow", "info/exclude")
_ELSEWHERE = ("commondir", "objects/info/alternates", "objects/info/http-alternates")
_OTHER_FORMAT = re.compile(r"(?im)^\s*(?:objectformat\s*=\s*(?!sha1\b)|refstorage\s*=\s*(?!files\b))")


async def adopt(folder: Path, target: Path, environ: Mapping[str, str]) -> None:
    """Make at `target` a bare repository with the objects and names of the one in `folder`; raises EngineError."""
    source = await run_sync(_git_directory, folder)
    await local_git(environ)("init", "--quiet", "--bare", "--template=", target)
    await run_sync(_borrow, source, target)


def _git_directory(folder: Path) -> Path:
    """Find the repository of a working tree, or the bare one that a directory is; one that is whole in there."""
    for candidate in (folder / ".git", folder):
        if candidate.is_symlink() or candidate.is_file():
            raise EngineError(
                "not a git repository: .git is a link to another place; take the repository that it names"
            )
        if (candidate / "HEAD").is_file() and (candidate / "objects").is_dir():
            _check(candidate)
            return candidate
    raise EngineError("not a git repository: there is no .git directory in it")


def _check(source: Path) -> None:
    for place, folders, files in os.walk(source):
        for name in (*folders, *files):
            if (Path(place) / name).is_symlink():
                raise EngineError(f"not a git repository that stands alone: .git has a link, {name}")
    for name in _ELSEWHERE:
        if (source / name).exists():
            raise EngineError(f"not a git repository that stands alone: .git/{name} leads elsewhere")
    config = source / "config"
    if config.is_file() and _OTHER_FORMAT.search(config.read_text(encoding="utf-8", errors="replace")):
        raise EngineError("the git repository has another format than SHA-1 objects and files for refs")


def _borrow(source: Path, target: Path) -> None:
    (target / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (target / "objects" / "info" / "alternates").write_text(f"{source / 'objects'}\n", encoding="utf-8")
    (target / "info").mkdir(exist_ok=True)
    for name in _COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    if (source / "refs").is_dir():
        shutil.copytree(source / "refs", target / "refs", dirs_exist_ok=True, copy_function=shutil.copyfile)
