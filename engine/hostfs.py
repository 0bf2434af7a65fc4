"""Files of the host as Dagger's `host` sees them: root's, without extended attributes, devices and sockets."""

from __future__ import annotations

import errno
import os
import posixpath
from stat import S_IFDIR, S_ISDIR, S_ISLNK, S_ISREG
from typing import TYPE_CHECKING

from engine.core.gitignore import IgnoreRules
from engine.core.patterns import local_patterns
from engine.core.tree import Owner, Selection
from engine.errors import PathError
from engine.store.content_digest import Regard, facts, tree_digest
from engine.store.copy import Merge
from engine.store.nodes import Copier, Manner
from engine.store.path_errors import reason, translated
from engine.store.private_directories import make_private_directories
from engine.store.walk import Entry, Walk, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from engine.core.digest import Digest

_ROOT = Owner(uid=0, gid=0)
_MANNER = Manner(owner=_ROOT, attributes=False, special=False)
_REGARD = Regard(owner=_ROOT, attributes=False, special=False)
_TOP_MODE = 0o755
"""Mode of the directory at the top: as for Dagger, what the host has there does not count."""


class LocalHostFiles:
    """Files of this host; `caller` owns the directories that are made on it, by default this process."""

    def __init__(self, caller: Owner | None = None) -> None:
        self._caller = caller or Owner(uid=os.geteuid(), gid=os.getegid())

    def __repr__(self) -> str:
        return f"LocalHostFiles(caller={self._caller})"

    def digest(self, path: Path, selection: Selection) -> Digest:
        """Digest of what `copy` would give, without copying."""
        with translated("lstat", os.fspath(path), on_host=True):
            return _digest(_walk(_directory(path), selection))

    def copy(self, path: Path, selection: Selection, root: Path) -> None:
        """Copy the selected tree into the empty directory `root`."""
        with translated("lstat", os.fspath(path), on_host=True):
            walk = _walk(_directory(path), selection)
            _prepare(root)
            Merge(root=os.fspath(root), target=os.fspath(root), manner=_MANNER, fresh=True).copy(walk)

    def file_digest(self, path: Path) -> Digest:
        """Digest of what `copy_file` would give, without copying."""
        with translated("lstat", os.fspath(path), on_host=True):
            return _digest([_file(path)])

    def copy_file(self, path: Path, root: Path) -> None:
        """Copy one file into the directory `root` under its own name.

        Links are followed on the way to it, but not at its end: Dagger does not find the target of such a link either.
        """
        with translated("lstat", os.fspath(path), on_host=True):
            entry = _file(path)
            _prepare(root)
            Copier(manner=_MANNER).copy(entry.real, entry.status, f"{root}/{entry.name}")

    def make_parents(self, path: Path) -> None:
        """Make the directories above a path that is to be written, mode 0700; raises PathError."""
        with translated("mkdir", os.fspath(path.parent)):
            make_private_directories(path.parent, self._caller)

    def find_up(self, path: Path, name: str) -> str | None:
        """Nearest path of that name from the directory `path` upwards, relative to it; None when there is none."""
        start = _directory(path)
        for depth, directory in enumerate((start, *start.parents)):
            if os.path.lexists(directory / name):
                return posixpath.join(*[".."] * depth, name)
        return None


def _directory(path: Path) -> Path:
    """Real path of a directory."""
    with translated("eval symlinks: lstat", os.fspath(path)):
        real = path.resolve(strict=True)
    if not real.is_dir():
        raise PathError(f"path {path} is a file, not a directory")
    return real


def _file(path: Path) -> Entry:
    with translated("eval symlinks: lstat", os.fspath(path)):
        real = path.parent.resolve(strict=True) / path.name
        status = real.lstat()
    if S_ISDIR(status.st_mode):
        raise PathError(f"path {path} is a directory, not a file")
    if S_ISLNK(status.st_mode):
        raise PathError(f"stat {path}: {reason(errno.ENOENT)} (a link on the host is not followed; name its target)")
    if not S_ISREG(status.st_mode):
        raise PathError(f"path {path} is not a regular file")
    return Entry(path=path.name, name=path.name, real=os.fspath(real), status=status)


def _walk(top: Path, selection: Selection) -> Walk:
    local = Selection(
        include=local_patterns(selection.include),
        exclude=local_patterns(selection.exclude),
        gitignore=selection.gitignore,
    )
    rules = _rules_above(top) if selection.gitignore else IgnoreRules()
    return Walk(top=os.fspath(top), selection=local, rules=rules)


def _digest(entries: Walk | list[Entry]) -> Digest:
    return tree_digest(facts(S_IFDIR | _TOP_MODE, _ROOT.uid, _ROOT.gid), entries, _REGARD)


def _prepare(root: Path) -> None:
    os.chown(root, _ROOT.uid, _ROOT.gid)
    root.chmod(_TOP_MODE)


def _rules_above(top: Path) -> IgnoreRules:
    """Rules of the repository that `top` lies in, from its top down to the directory above; none outside of one."""
    repository = next((path for path in (top, *top.parents) if (path / ".git").exists()), top)
    rules = IgnoreRules()
    names = top.relative_to(repository).parts
    for depth in range(len(names)):
        text = read_text(os.fspath(repository.joinpath(*names[:depth], ".gitignore")))
        if text is not None:
            rules = rules.within("/".join(names[:depth]), [text])
    return rules.below("".join(f"{name}/" for name in names))
