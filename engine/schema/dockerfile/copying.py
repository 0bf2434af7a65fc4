"""COPY and ADD: files of the context, of stages and images, of the web; what one instruction copies is one layer."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.core.dockerfile.variables import expanded_text
from engine.core.git import GitRemote, GitRepository
from engine.core.git_address import parse_git_address
from engine.core.http import HttpRequest, checked_url, file_name
from engine.core.patterns import has_wildcard, name_matcher
from engine.core.tree import CopyFile, CopyTree, FileType, Owner, Selection, Source, WriteFile
from engine.core.workdir import absolute
from engine.errors import InvalidRequest, PathError
from engine.schema import git
from engine.schema.http import fetched
from engine.solver.http_ops import HttpFile
from engine.solver.unpacking import unpacked

if TYPE_CHECKING:
    from pathlib import Path

    from engine.core.dockerfile.building import Building
    from engine.core.dockerfile.commands import Copy
    from engine.core.dockerfile.stages import Stage
    from engine.core.tree import Change
    from engine.schema.dockerfile.build import Builder
    from engine.session.session import Session
    from engine.solver.ports import Trees

_HTTP = re.compile(r"https?://", re.IGNORECASE)
_GIT = re.compile(r"git@|git://|ssh://|https?://[^#?]+\.git(?:#|$)")
_WEB_MODE = 0o600
_TEXT_MODE = 0o644


@dataclass(frozen=True, slots=True)
class _Target:
    """Where to, and how."""

    path: str
    """Ends with a slash where it can only be a directory."""
    owner: Owner | None
    mode: int | None
    selection: Selection

    def tree(self, source: Source) -> CopyTree:
        """Copy what is in a directory."""
        return CopyTree(
            path=self.path,
            source=source,
            selection=self.selection,
            owner=self.owner,
            mode=self.mode,
            keeps_target=True,
        )

    def file(self, source: Source, name: str) -> CopyFile:
        """Copy a file, or into a directory under its name."""
        return CopyFile(path=self.path, source=source, name=name, mode=self.mode, owner=self.owner)


async def copied(builder: Builder, building: Building, step: Copy, stage: Stage) -> Building:
    """Carry out the instruction; raises EngineError for a source that is not there."""
    if step.parents:
        raise InvalidRequest("COPY --parents is not supported by this engine: name the directories as destinations")
    session = builder.session
    target = await _target(session, building, step)
    changes: list[Change] = []
    for word in step.sources:
        changes += await _changes(builder, building, step, stage, building.expand(word), target)
    for text in step.texts:
        contents = (
            expanded_text(text.contents, building.variables, escape=building.escape) if text.expand else text.contents
        )
        changes.append(await _text(session, building, target, text.name, contents))
    rootfs = await session.trees.apply_all(building.container.rootfs, changes, _described(step))
    return replace(building, container=building.container.changed(rootfs=rootfs))


def _described(step: Copy) -> str:
    words = [*step.sources, *(f"<<{text.name}" for text in step.texts), step.target]
    return " ".join(["ADD" if step.add else "COPY", *words])


async def _target(session: Session, building: Building, step: Copy) -> _Target:
    written = building.expand(step.target)
    path = absolute(written, building.container.config.workdir)
    slash = "/" if (written.endswith(("/", "/.")) or written == ".") and path != "/" else ""
    chown, chmod = building.expand(step.chown), building.expand(step.chmod)
    owner = (await session.trees.accounts(building.container.rootfs)).owner(chown) if chown else None
    if chmod and not re.fullmatch(r"[0-7]{1,4}", chmod):
        raise InvalidRequest(f"--chmod must be an octal number, not {chmod}")
    selection = Selection(exclude=tuple(building.expand(pattern) for pattern in step.exclude))
    return _Target(path + slash, owner, int(chmod, 8) if chmod else None, selection)


async def _changes(
    builder: Builder, building: Building, step: Copy, stage: Stage, word: str, target: _Target
) -> list[Change]:
    if step.add and _GIT.match(word):
        return [target.tree(await _from_git(builder.session, word, keep_git_dir=step.keep_git_dir))]
    if step.add and _HTTP.match(word):
        return [await _from_web(builder, word, building.expand(step.checksum), target, unpack=bool(step.unpack))]
    if step.checksum:
        raise InvalidRequest("ADD --checksum is for files of the web")
    origin = await builder.origin(step.origin, stage) if step.origin else builder.request.context
    paths = await builder.session.trees.read(origin.snapshot, lambda trees, root: _found(trees, root, origin, word))
    changes: list[Change] = []
    for path, is_directory in paths:
        source = replace(origin, path=path)
        if is_directory:
            changes.append(target.tree(source))
            continue
        archive = None
        if step.add and step.unpack is not False:
            archive = await unpacked(builder.session.trees, source)
        changes.append(
            target.file(source, posixpath.basename(path)) if archive is None else target.tree(Source(snapshot=archive))
        )
    return changes


def _found(trees: Trees, root: Path, origin: Source, word: str) -> list[tuple[str, bool]]:
    """Find what a source names, by wildcards too, and which of it are directories; raises PathError for nothing."""
    places = [origin.path]
    names = [name for name in absolute(word).split("/") if name]
    for name in names:
        places = [path for place in places for path in _below(trees, root, place, name)]
    # The last link is followed as well: what is copied has its name, and what the link leads to is what it has.
    found = [
        (path, trees.stat(root, path).file_type is FileType.DIRECTORY) for path in places if trees.exists(root, path)
    ]
    if not found:
        raise PathError(f'"{absolute(word)}" not found')
    return found


def _below(trees: Trees, root: Path, place: str, name: str) -> list[str]:
    if not has_wildcard(name):
        return [posixpath.join(place, re.sub(r"\\(.)", r"\1", name))]
    if not trees.exists(root, place, expected=FileType.DIRECTORY):
        return []
    matches = name_matcher(name)
    entries = (entry.rstrip("/") for entry in trees.entries(root, place))
    return [posixpath.join(place, entry) for entry in entries if matches(entry)]


async def _text(session: Session, building: Building, target: _Target, name: str, contents: str) -> WriteFile:
    path = target.path
    rootfs = building.container.rootfs
    inside = path.endswith("/") or await session.trees.read(
        rootfs, lambda trees, root: trees.exists(root, path, expected=FileType.DIRECTORY)
    )
    return WriteFile(
        path=posixpath.join(path, name) if inside else path,
        contents=contents.encode("utf-8", "surrogateescape"),
        mode=_TEXT_MODE if target.mode is None else target.mode,
        owner=target.owner,
    )


async def _from_git(session: Session, word: str, *, keep_git_dir: bool) -> Source:
    address = parse_git_address(word)
    repository = GitRepository(remote=GitRemote(url=address.url))
    ref = await git.found(session, repository, address.ref or "HEAD")
    tree = await git.tree_of(session, ref, git_dir=keep_git_dir)
    return replace(tree.source, path=absolute(address.directory))


async def _from_web(builder: Builder, url: str, checksum: str, target: _Target, *, unpack: bool) -> Change:
    wanted = HttpFile(request=HttpRequest(url=checked_url(url)), name=file_name(url), mode=_WEB_MODE, checksum=checksum)
    file = await fetched(builder.session, wanted)
    archive = await unpacked(builder.session.trees, file.source) if unpack else None
    if archive is not None:
        return target.tree(Source(snapshot=archive))
    owned = target if target.owner else replace(target, owner=Owner(uid=0, gid=0))
    return owned.file(file.source, file.name)
