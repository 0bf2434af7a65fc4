"""Directory.dockerBuild: build what a Dockerfile says, with the directory as its context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.dockerfile.ignore import ignored
from engine.core.dockerfile.stages import parse_dockerfile
from engine.core.platform import Platform
from engine.core.tree import EMPTY, CopyTree, Selection, Source
from engine.core.workdir import absolute
from engine.errors import PathError
from engine.schema.dockerfile.build import Request, build
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.core.container import Container
    from engine.core.directory import Directory
    from engine.core.secret import Secret
    from engine.core.socket import Socket
    from engine.session.session import Session

fields = Fields("Directory")

_LARGEST = 16 << 20  # bytes, of a text that people write
_IGNORE = ".dockerignore"


@fields.lazy("dockerBuild")
async def docker_build(
    session: Session,
    receiver: Directory,
    *,
    dockerfile: str,
    platform: str | None = None,
    build_args: list[Mapping[str, str]],
    target: str,
    secrets: list[Secret],
    no_init: bool,
    ssh: Socket | None = None,
) -> Container:
    where = dockerfile or "Dockerfile"
    parsed = parse_dockerfile(await _text(session, receiver.source, where))
    request = Request(
        dockerfile=parsed,
        context=await _context(session, receiver.source, where),
        platform=Platform.parse(platform) if platform else session.platform,
        arguments={argument["name"]: argument["value"] for argument in build_args},
        secrets=tuple(secrets),
        ssh=ssh,
        init=not no_init,
    )
    return await build(session, request, parsed.target(target))


async def _text(session: Session, source: Source, path: str) -> str:
    where = absolute(path.lstrip("/"), source.path)
    data = await session.trees.read(source.snapshot, lambda trees, root: trees.read(root, where, limit=_LARGEST))
    return data.decode("utf-8", "surrogateescape")


async def _context(session: Session, source: Source, dockerfile: str) -> Source:
    """Leave out what the file beside the Dockerfile names, or else the one at the top."""
    for name in (f"{dockerfile}{_IGNORE}", _IGNORE):
        try:
            patterns = ignored(await _text(session, source, name))
        except PathError:
            continue
        change = CopyTree(path="/", source=source, selection=Selection(exclude=patterns))
        return Source(snapshot=await session.trees.apply(EMPTY, change, "build context"))
    return source
