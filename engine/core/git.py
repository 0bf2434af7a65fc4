"""Git repositories, what their names stand for, and which name is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from engine.core.digest import Digest, digest_of
from engine.errors import EngineError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.core.directory import Directory
    from engine.core.secret import Secret
    from engine.core.service import Service

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
HEADS, TAGS = "refs/heads/", "refs/tags/"
PEELED = "^{}"
"""Ends the name of an annotated tag where the commit that it tags is meant."""


def is_commit(text: str) -> bool:
    """Whether a text is the whole hash of a commit."""
    return _COMMIT.fullmatch(text) is not None


def checked_commit(text: str) -> str:
    """Give the hash back; raises InvalidRequest for anything else."""
    if not is_commit(text):
        raise InvalidRequest(f'invalid commit SHA: "{text}"')
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRemote:
    """A repository that is somewhere else, and how to get in."""

    url: str
    known_hosts: str = ""
    ssh_socket: str = ""
    """Path of an SSH agent's socket on the host."""
    username: str = ""
    token: Secret | None = None
    header: Secret | None = None
    service: Service | None = None

    @property
    def identity(self) -> Digest:
        """What names it in the session: another way in may show other things."""
        secrets = [secret.identity if secret else None for secret in (self.token, self.header)]
        service = self.service.identity if self.service else None
        return digest_of([self.url, self.known_hosts, self.ssh_socket, self.username, secrets, service])


@dataclass(frozen=True, slots=True, kw_only=True)
class GitAccess:
    """Where to connect, and what to show there."""

    url: str
    """What names the repository."""
    address: str
    """Where to connect: the URL, or where a service of it is reached."""
    authorization: str = field(default="", repr=False)
    known_hosts: str = ""
    ssh_socket: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRepository:
    """A repository: of a remote, or in a directory."""

    remote: GitRemote | None = None
    directory: Directory | None = None
    discard_git_dir: bool = False
    """Whether trees come without `.git`, whatever is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRef:
    """A commit, and the name by which it was found: empty when that was its hash."""

    repository: GitRepository
    name: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A tree that is wanted."""

    commit: str
    name: str = ""
    """Full name of the branch or tag that `.git` shall know it by."""
    url: str = ""
    """Of the remote that `.git` shall know."""
    depth: int = 1
    """Commits of history; 0 for all."""
    tags: bool = False
    git_dir: bool = True

    @property
    def key(self) -> Digest:
        """Digest of what determines the files: without `.git` the commit alone."""
        if not self.git_dir:
            return digest_of(["git tree", self.commit])
        return digest_of(["git checkout", self.commit, self.name, self.url, self.depth, self.tags])


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRefs:
    """The names that a repository has, each with what it stands for, in the repository's order."""

    hashes: Mapping[str, str]
    """By full name; an annotated tag a second time, with `^{}`, for its commit."""
    symbolic: Mapping[str, str]
    """Names that stand for another name, as HEAD does."""

    @classmethod
    def parse(cls, text: str) -> GitRefs:
        """Read what `git ls-remote --symref` prints."""
        hashes: dict[str, str] = {}
        symbolic: dict[str, str] = {}
        for line in text.splitlines():
            value, tab, name = line.partition("\t")
            if tab and value.startswith("ref: "):
                symbolic[name] = value.removeprefix("ref: ")
            elif tab:
                hashes[name] = value
        return cls(hashes=hashes, symbolic=symbolic)

    def find(self, wanted: str) -> tuple[str, str]:
        """Give full name and commit, a branch before a tag as `git checkout` does; no name for a hash.

        Raises EngineError when the repository has nothing of that name.
        """
        if is_commit(wanted):
            return "", wanted
        partial = "refs/" + wanted.removeprefix("refs/")
        candidates = (wanted, partial, HEADS + wanted.removeprefix(HEADS), TAGS + wanted.removeprefix(TAGS))
        name = next((name for name in candidates if name in self.hashes), None)
        if name is None:
            raise EngineError(f'repository does not contain ref "{wanted}"')
        return self.symbolic.get(name, name), self.hashes.get(name + PEELED, self.hashes[name])

    def names(self, prefix: str, patterns: Sequence[str] = ()) -> list[str]:
        """Short names below `refs/heads/` or `refs/tags/`; with patterns only those whose end one matches."""
        return [
            name.removeprefix(prefix)
            for name in self.hashes
            if name.startswith(prefix)
            and not name.endswith(PEELED)
            and (not patterns or any(fnmatchcase("/" + name, "*/" + pattern) for pattern in patterns))
        ]

    def latest_version(self) -> str:
        """Full name of the tag of the highest version; raises EngineError when no tag is a version."""
        versions = [(version, tag) for tag in self.names(TAGS) if (version := _version(tag))]
        if not versions:
            raise EngineError("no valid semver tags found")
        return TAGS + max(versions)[1]


_NUMBER = r"(0|[1-9]\d*)"
_LABELS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"v{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}(?:-({_LABELS}))?(?:\+{_LABELS})?)?)?")
_Label = tuple[int, int, str]


def _version(tag: str) -> tuple[tuple[int, int, int], bool, tuple[_Label, ...]] | None:
    """Order of a tag such as `v1.2.3-rc.1` (semver.org, 11; minor and patch may be missing); None for no version."""
    match = _VERSION.fullmatch(tag)
    if match is None:
        return None
    major, minor, patch = (int(number or 0) for number in match.group(1, 2, 3))
    labels = match.group(4).split(".") if match.group(4) else []
    if any(label.isdigit() and len(label) > 1 and label.startswith("0") for label in labels):
        return None
    # Numbers before names; a version without labels is above all that have some.
    ordered = tuple((0, int(label), "") if label.isdigit() else (1, 0, label) for label in labels)
    return (major, minor, patch), not labels, ordered
