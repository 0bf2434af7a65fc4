"""What the solver needs while a container runs: one Protocol per edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from pathlib import Path

    from engine.core.process import Process
    from engine.core.secret import Secret
    from engine.core.service import Service
    from engine.core.tree import Owner
    from engine.errors import EngineError


class Output(Protocol):
    """Where a process's output goes."""

    def write(self, stream: str, data: bytes) -> None:
        """Take bytes of `stdout` or `stderr`, in the order they were written."""


class Running(Protocol):
    """A container process that runs."""

    async def wait(self) -> int:
        """Exit code; 128 + signal when a signal ended it."""

    def signal(self, number: int) -> None:
        """Send a signal to the container's first process; a process that has ended is left alone."""

    async def exec(self, args: Sequence[str]) -> tuple[int, bytes, bytes]:
        """Run a further command in the container, as its process's user; exit code, stdout and stderr."""


class Runtime(Protocol):
    """Runs container processes. Cancelling kills and removes the container, whatever runs in it."""

    async def run(self, process: Process, output: Output, *, stdin: bytes | Path = b"") -> int:
        """Run to the end; exit code, 128 + signal when a signal ended it."""

    def start(self, process: Process, output: Output) -> AbstractAsyncContextManager[Running]:
        """Start in the background; leaving the context kills it."""


class Joined(Protocol):
    """A container's place in the session's network."""

    @property
    def namespace(self) -> Path:
        """Path of the network namespace."""

    @property
    def address(self) -> str:
        """IPv4 address."""

    @property
    def hosts(self) -> Path:
        """File to bind at /etc/hosts."""

    @property
    def resolv_conf(self) -> Path:
        """File to bind at /etc/resolv.conf."""


class Network(Protocol):
    """The session's own network: every container its namespace, one bridge, a way out through the host."""

    def join(self, *, hostname: str, aliases: Mapping[str, str]) -> AbstractAsyncContextManager[Joined]:
        """Make a place for one container; `aliases` are extra names → addresses."""

    def publish(self, name: str, address: str) -> None:
        """Make a name known to all containers of the session, those that run too."""

    def withdraw(self, name: str) -> None:
        """Take a name back."""

    async def dial(self, address: str, port: int) -> bool:
        """Whether a TCP connection to a container succeeds within one second."""

    def tunnel(self, frontend: int, address: str, backend: int) -> AbstractAsyncContextManager[int]:
        """Listen on the host (0 picks a port; gives the port) and forward to a container."""

    def relay(self, target: Path, *, owner: Owner) -> AbstractAsyncContextManager[Path]:
        """Have a socket, its owner's alone, that leads to one of the host; raises EngineError when that is missing."""

    def reverse(self, ports: Sequence[tuple[int, str, int]]) -> AbstractAsyncContextManager[str]:
        """Give an address inside whose (frontend) ports lead to (host, port) as the host reaches them."""


class ProcessFiles(Protocol):
    """Files as a process will see them: its root with its mounts in place. Blocking: call in a thread."""

    def make_workdir(self, process: Process) -> None:
        """Make the working directory if it is missing: new levels 0755, owned by the process's user."""

    def open_output(self, process: Process, path: str) -> int:
        """Open a file for a redirected stream: 0600, truncated, owned by the process's user; gives a descriptor."""

    def input(self, process: Process, path: str) -> Path:
        """Where the host has the file that a redirected stdin reads; raises PathError when it is missing."""


class Capture(Output, Protocol):
    """Keeps what a process prints, free of secrets, however much it is."""

    def size(self, name: str) -> int:
        """Bytes of `stdout`, `stderr` or `combined`, which is both in the order they were written."""

    def pieces(self, name: str) -> Iterator[bytes]:
        """Give the bytes of one of the three, some at a time."""

    def end(self, name: str, most: int) -> bytes:
        """Give the last bytes of one of the three."""

    def close(self) -> None:
        """Give back what it takes up on the disk."""


class Captures(Protocol):
    """Makes captures."""

    def __call__(
        self, *, secrets: Sequence[bytes], redirects: Mapping[str, int], live: Callable[[str, bytes], None]
    ) -> Capture:
        """Hide `secrets`; write the streams named in `redirects` to descriptors too; tell `live` as it comes."""


class Step(Protocol):
    """One line of the progress, while its step is under way."""

    def output(self, stream: str, data: bytes) -> None:
        """Show what the step prints."""

    def done(self) -> None:
        """Show that it ran."""

    def cached(self) -> None:
        """Show that it was known."""

    def failed(self, error: BaseException) -> None:
        """Show that it failed."""


class Progress(Protocol):
    """Tells people what happens."""

    def started(self, description: str) -> Step:
        """Begin a line."""


class Bound(Protocol):
    """Services that a step uses, all healthy."""

    @property
    def aliases(self) -> Mapping[str, str]:
        """Alias → address."""

    async def lost(self) -> EngineError:
        """Wait until one of them exits; gives what to tell."""


class Bindings(Protocol):
    """Starts the services that steps are bound to."""

    def bound(self, bindings: Sequence[tuple[str, Service]]) -> AbstractAsyncContextManager[Bound]:
        """Have every service running and healthy; releases them on exit."""


class Plaintexts(Protocol):
    """Knows the plaintexts of secrets."""

    async def plaintext(self, secret: Secret) -> bytes:
        """Give the plaintext; raises EngineError when its source can not be read."""


class SecretFiles(Protocol):
    """Plaintexts as files, in memory only."""

    def file(self, plaintext: bytes, *, owner: Owner, mode: int) -> AbstractContextManager[Path]:
        """Have the plaintext in a file; wiped away on exit."""
