"""The instructions of a Dockerfile, understood; variables in them are still as written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.core.dockerfile.syntax import Heredoc

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """Begin a stage."""

    base: str
    platform: str = ""
    name: str = ""
    """In small letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arg:
    """Declare arguments of the build; None without a default."""

    defaults: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """Set variables."""

    pairs: Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Set labels."""

    pairs: Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line: words, or one text for a shell."""

    words: tuple[str, ...]
    for_shell: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMount:
    """Something that one RUN sees; its options as written (`--mount=type=…`)."""

    kind: str
    options: Pairs

    def get(self, *names: str) -> str:
        """Value of an option by any of its names, empty when it is not given."""
        return next((value for name, value in self.options if name in names), "")

    def flag(self, *names: str) -> bool:
        """Whether an option is on."""
        return any(name in names and value.lower() in ("", "true", "1") for name, value in self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Run a command."""

    command: Command
    script: Heredoc | None = None
    """A here-document that is the whole command."""
    mounts: tuple[RunMount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Copy files: COPY, or ADD with what only it can."""

    sources: tuple[str, ...]
    target: str
    texts: tuple[Heredoc, ...] = ()
    add: bool = False
    origin: str = ""
    """`--from`: a stage, its number, or an image; empty for the build context."""
    chown: str = ""
    chmod: str = ""
    exclude: tuple[str, ...] = ()
    parents: bool = False
    checksum: str = ""
    keep_git_dir: bool = False
    unpack: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workdir:
    """Change the working directory."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Change the user."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrypoint:
    """Say what a container runs."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Cmd:
    """Say with which arguments."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Expose:
    """Declare ports: `80`, `53/udp`, `8000-8010`; one text that may still become several."""

    ports: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Declare volumes."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSignal:
    """Say which signal ends a container."""

    signal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """Say how to see that a container works; durations in nanoseconds; no command for NONE."""

    command: Command | None
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Say which shell runs texts."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBuild:
    """Keep an instruction for images that are built on this one."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintainer:
    """Name an author."""

    name: str


Step = (
    From
    | Arg
    | Env
    | Label
    | Run
    | Copy
    | Workdir
    | User
    | Entrypoint
    | Cmd
    | Expose
    | Volume
    | StopSignal
    | HealthCheck
    | Shell
    | OnBuild
    | Maintainer
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An instruction and where it is."""

    line: int
    step: Step
    escape: str = "\\"
