"""What the solver needs from the outside world: one Protocol per edge. Those of a running container stand beside."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol, TypeAlias

from engine.solver.container_ports import (
    Bindings,
    Bound,
    Capture,
    Captures,
    Joined,
    Network,
    Output,
    Plaintexts,
    ProcessFiles,
    Progress,
    Running,
    Runtime,
    SecretFiles,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from engine.core.digest import Digest
    from engine.core.git import Checkout, GitAccess, GitRefs
    from engine.core.http import Fetched, HttpRequest
    from engine.core.login import Login
    from engine.core.tree import Change, Changes, FileType, SearchQuery, SearchResult, Selection, SnapshotId, Stat
    from engine.oci.reference import Reference

__all__ = [
    "Bindings",
    "BlobWriter",
    "Blobs",
    "Bound",
    "CacheMap",
    "Capture",
    "Captures",
    "HostFiles",
    "Joined",
    "Json",
    "LocalImages",
    "Network",
    "Output",
    "Plaintexts",
    "ProcessFiles",
    "Progress",
    "Registry",
    "Repositories",
    "Running",
    "Runtime",
    "SecretFiles",
    "Snapshots",
    "Staged",
    "Step",
    "Trees",
    "Validators",
    "Volumes",
    "Web",
]

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
        """Digest of a file; without metadata that of its contents alone, whatever its name, mode and owner."""

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
