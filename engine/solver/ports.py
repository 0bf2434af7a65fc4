"""What the solver needs from the outside world: one Protocol per edge."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from engine.core.digest import Digest
    from engine.core.git import Checkout, GitAccess, GitRefs
    from engine.core.http import Fetched, HttpRequest
    from engine.core.login import Login
    from engine.core.process import Process
    from engine.core.secret import Secret
    from engine.core.service import Service
    from engine.core.tree import (
        Change,
        Changes,
        FileType,
        Owner,
        SearchQuery,
        SearchResult,
        Selection,
        SnapshotId,
        Stat,
    )
    from engine.errors import EngineError
    from engine.oci.reference import Reference

Json: TypeAlias = "Mapping[str, object]"


class Staged(Protocol):
    """A tree that may be written to, and then kept."""

    @property
    def root(self) -> Path:
        """The whole tree, writable."""

    def changed(self) -> bool:
        """Whether anything was written, removed or touched since staging."""

    async def commit(self, description: str) -> SnapshotId:
        """Keep the tree; ends the staging. Never leaves a partial snapshot."""


class Snapshots(Protocol):
    """Immutable file trees, each a layer over its parent."""

    def stage(self, parent: SnapshotId) -> AbstractAsyncContextManager[Staged]:
        """Open a writable tree over `parent`; thrown away on exit unless committed."""

    def view(self, snapshot: SnapshotId) -> AbstractAsyncContextManager[Path]:
        """Show the whole tree of a snapshot, read-only."""

    def lineage(self, snapshot: SnapshotId) -> tuple[SnapshotId, ...]:
        """Give the snapshot's layers, lowest first; empty for the empty tree."""

    def layer(self, snapshot: SnapshotId) -> Path:
        """Directory of what the snapshot changed over its parent, in overlayfs form (whiteouts are 0:0 devices)."""

    def described(self, snapshot: SnapshotId) -> tuple[str, datetime]:
        """Description and time of the commit (UTC)."""


class Trees(Protocol):
    """Reading and changing a tree that is shown under `root`.

    Paths are the container's: taken from `root`, links followed inside it, never outside. Blocking: call in a thread.
    Errors are `PathError` with Dagger's texts (`no such file or directory`, `not a directory`, …).
    """

    def apply(self, root: Path, change: Change, source: Path | None = None) -> None:
        """Carry out one change; `source` is the root in which the change's source path is shown."""

    def resolve(self, root: Path, path: str) -> str:
        """Follow every link of a path that exists; absolute path inside `root`. Raises PathError when missing."""

    def entries(self, root: Path, path: str) -> list[str]:
        """Names in a directory, sorted, directories with a slash."""

    def glob(self, root: Path, path: str, pattern: str) -> list[str]:
        """Paths that match, relative to `path`, in Dagger's order."""

    def stat(self, root: Path, path: str, *, follow: bool = True) -> Stat:
        """Facts about a path."""

    def exists(self, root: Path, path: str, *, expected: FileType | None = None, follow: bool = True) -> bool:
        """Whether the path is there, and of that kind."""

    def read(self, root: Path, path: str, *, limit: int) -> bytes:
        """Contents of a regular file; more than `limit` bytes is an error."""

    def digest(self, root: Path, path: str, selection: Selection, *, times: bool = False) -> Digest:
        """Digest of names, contents, modes, owners, link targets and extended attributes; of times only if asked."""

    def file_digest(self, root: Path, path: str, *, metadata: bool) -> Digest:
        """Digest of a file; without metadata exactly the SHA-256 of its contents."""

    def find_up(self, root: Path, name: str, start: str) -> str | None:
        """Nearest path of that name from `start` upwards, relative to `root`."""

    def search(self, root: Path, path: str, query: SearchQuery) -> list[SearchResult]:
        """Search file contents."""

    def compare(self, old: Path, old_path: str, new: Path, new_path: str) -> Changes:
        """How the directory `new_path` differs from `old_path`."""

    def passwd(self, root: Path) -> tuple[str | None, str | None]:
        """Texts of /etc/passwd and /etc/group, None where missing."""

    def diff(self, old: Path, old_path: str, new: Path, new_path: str, into: Path) -> None:
        """Write into `into` what `new_path` adds to `old_path` or changes in it."""

    def export_directory(self, root: Path, path: str, target: Path, *, wipe: bool) -> None:
        """Write the directory's contents to a path of the host."""

    def export_file(self, root: Path, path: str, target: Path, *, name: str, into_directory: bool) -> None:
        """Write the file to a path of the host; never leaves half a file."""


class HostFiles(Protocol):
    """Files of the host, as Dagger's `host` sees them: owner 0:0, modes and times kept. Blocking: call in a thread."""

    def digest(self, path: Path, selection: Selection) -> Digest:
        """Digest of what `copy` would give, without copying."""

    def copy(self, path: Path, selection: Selection, root: Path) -> None:
        """Copy the selected tree into `root`."""

    def file_digest(self, path: Path) -> Digest:
        """Digest of what `copy_file` would give, without copying."""

    def copy_file(self, path: Path, root: Path) -> None:
        """Copy one file into the directory `root` under its own name; a link at its end is an error, as in Dagger."""

    def make_parents(self, path: Path) -> None:
        """Make the directories above a path that is to be written."""

    def find_up(self, path: Path, name: str) -> str | None:
        """Nearest ancestor of `path` that has `name`: its path relative to `path`."""


class BlobWriter(Protocol):
    """A blob being written."""

    def write(self, data: bytes, /) -> int:
        """Append."""

    def commit(self, expected: Digest | None = None) -> Digest:
        """Keep the blob under its digest; raises DigestMismatch when it is not `expected`."""


class Blobs(Protocol):
    """Bytes by their digest."""

    def put(self, data: bytes) -> Digest:
        """Keep bytes; idempotent."""

    def get(self, digest: Digest) -> bytes:
        """Give the bytes; raises BlobNotFound."""

    def path(self, digest: Digest) -> Path:
        """File that holds the blob; raises BlobNotFound."""

    def has(self, digest: Digest) -> bool:
        """Whether the blob is there."""

    def open(self, digest: Digest) -> IO[bytes]:
        """Open the blob for reading; raises BlobNotFound."""

    def writer(self) -> AbstractContextManager[BlobWriter]:
        """Open a new blob; thrown away on exit unless committed."""


class CacheMap(Protocol):
    """What was done before: operation digest → result. Shared by all sessions, safe against kill -9."""

    def get(self, key: Digest) -> Json | None:
        """Give the result of an operation, None when unknown or when something it names was pruned."""

    def put(
        self, key: Digest, result: Json, *, snapshots: Sequence[SnapshotId] = (), blobs: Sequence[Digest] = ()
    ) -> Json:
        """Keep a result and what it needs; gives the one that is kept (the first, when two sessions race)."""


class Registry(Protocol):
    """Image registries. Errors are ImageError: which registry, which repository, what it answered."""

    async def manifest(self, reference: Reference, logins: Sequence[Login]) -> bytes:
        """Give the manifest or index of that tag or digest, as it is; bytes of a digest are not checked here."""

    async def config(self, reference: Reference, logins: Sequence[Login]) -> bytes:
        """Give the configuration of the one image that a digest names; unchecked."""

    async def download(self, reference: Reference, blobs: Path, logins: Sequence[Login]) -> None:
        """Fetch the blobs of the image that a digest names into `blobs/sha256/HEX`, checked; those there are kept."""

    async def upload(self, layout: Path, reference: Reference, logins: Sequence[Login]) -> None:
        """Send the one manifest or index of an OCI layout directory, with all it names, unchanged."""


class LocalImages(Protocol):
    """The images of a container engine on this machine. Errors are ImageError; NotSupported when none answers."""

    async def load(self, archive: Path, name: str) -> None:
        """Take the image of an archive, which says its name."""

    async def save(self, name: str, archive: Path) -> None:
        """Write the archive of an image to a new file."""


class Web(Protocol):
    """Files over HTTP."""

    async def fetch(self, request: HttpRequest, into: Path) -> Fetched | None:
        """Write the body to a new file; None when what `request.etag` names still holds. Raises EngineError."""


class Validators(Protocol):
    """What URLs gave last. Blocking: call in a thread."""

    def recall(self, key: Digest) -> Fetched | None:
        """Give what was kept last under the key."""

    def keep(self, key: Digest, fetched: Fetched) -> None:
        """Keep under the key."""


class Repositories(Protocol):
    """Git repositories. Nothing of a foreign one is run or obeyed. Errors are EngineError."""

    async def remote_refs(self, access: GitAccess) -> GitRefs:
        """Ask a remote for its names."""

    async def fetch(self, access: GitAccess, commit: str, *, depth: int, tags: bool = False) -> Path:
        """Have a commit of a remote, with `depth` commits of history, 0 for all; gives a repository that has it."""

    def adopted(self, folder: Path) -> AbstractAsyncContextManager[Path]:
        """Have the repository of a directory."""

    async def local_refs(self, repository: Path) -> GitRefs:
        """Give the names of a repository that was adopted."""

    async def check_out(self, repository: Path, wanted: Checkout, into: Path, access: GitAccess | None = None) -> None:
        """Fill an empty directory with the files of a commit; `access` is for its submodules."""

    async def clean(self, repository: Path, folder: Path) -> None:
        """Make a working tree what HEAD has; files that it ignores stay."""

    async def common_ancestor(self, repositories: Sequence[Path], one: str, other: str) -> str:
        """Give the best commit that both descend from."""


class Volumes(Protocol):
    """Cache volumes: directories that outlive steps and sessions."""

    def use(
        self, identity: Digest, *, exclusive: bool, fill: Callable[[Path], None] | None = None
    ) -> AbstractAsyncContextManager[Path]:
        """Hold a volume; `exclusive`: alone, across sessions. `fill` runs once, when the volume is made."""


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
