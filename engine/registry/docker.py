"""The images of Docker on this machine, through its command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import CommandFailed, ImageError, NotSupported
from engine.linux.process import run

if TYPE_CHECKING:
    from pathlib import Path

_ANSWER_SECONDS = 20.0
_ADVICE = "start Docker, or work with an archive: `Container.export` and `Container.import`"
_UNKNOWN = ("No such image", "reference does not exist", "not found")


class DockerImages:
    """Docker, wherever its command line finds it (DOCKER_HOST, contexts)."""

    def __repr__(self) -> str:
        return "DockerImages()"

    async def load(self, archive: Path, name: str) -> None:
        """Take the image of an archive, which says its name; raises ImageError, NotSupported when no Docker answers."""
        await self._answering("loading")
        await self._docker(f"cannot load {name}", "load", "--quiet", "--input", str(archive))

    async def save(self, name: str, archive: Path) -> None:
        """Write the archive of an image to a new file; raises as `load`."""
        await self._answering("getting")
        await self._docker(f'cannot get image "{name}"', "save", "--output", str(archive), name)

    async def _answering(self, action: str) -> None:
        try:
            await run(["docker", "version", "--format", "{{.Server.Version}}"], timeout=_ANSWER_SECONDS)
        except CommandFailed as error:
            reason = str(error).splitlines()[-1]
            raise NotSupported(f"client has no supported api for {action} image: {reason}; {_ADVICE}") from error

    async def _docker(self, what: str, *args: str) -> None:
        try:
            await run(["docker", "image", *args])
        except CommandFailed as error:
            reason = str(error).splitlines()[-1]
            if any(text in reason for text in _UNKNOWN):
                raise ImageError(f"{what}: Docker on this host does not have it ({reason})") from error
            raise ImageError(f"{what}: {reason}") from error
