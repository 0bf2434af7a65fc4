"""Fields of GitRepository and GitRef, and where repositories come from."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.changeset import Changeset
from engine.core.directory import Directory
from engine.core.git import HEADS, TAGS, Checkout, GitAccess, GitRef, GitRemote, GitRepository, checked_commit
from engine.core.git_address import basic, parse_git_address, parse_git_url, relocated, without_password
from engine.core.output import text
from engine.core.tree import Source
from engine.errors import InvalidRequest
from engine.schema.fields import Fields
from engine.schema.reaching import reached

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.core.address import Address
    from engine.core.git import GitRefs
    from engine.core.secret import Secret
    from engine.core.service import Service
    from engine.core.socket import Socket
    from engine.session.session import Session

query = Fields("Query")
directory = Fields("Directory")
address = Fields("Address")
repository = Fields("GitRepository")
ref = Fields("GitRef")


# Where repositories come from.


@query.lazy("git")
def git(
    _session: Session,
    _root: None,
    *,
    url: str,
    keep_git_dir: bool,
    ssh_known_hosts: str,
    ssh_auth_socket: Socket | None = None,
    http_auth_username: str,
    http_auth_token: Secret | None = None,
    http_auth_header: Secret | None = None,
    experimental_service_host: Service | None = None,
) -> GitRepository:
    remote = GitRemote(
        url=parse_git_url(url),
        known_hosts=ssh_known_hosts,
        ssh_socket=ssh_auth_socket.host_path if ssh_auth_socket else "",
        username=http_auth_username,
        token=http_auth_token,
        header=http_auth_header,
        service=experimental_service_host,
    )
    return GitRepository(remote=remote, discard_git_dir=not keep_git_dir)


@directory.lazy("asGit")
async def as_git(session: Session, receiver: Directory) -> GitRepository:
    await session.git.local_refs(receiver.source)  # no repository: an error here, as in Dagger
    return GitRepository(directory=receiver)


@address.lazy("gitRepository")
def git_repository(_session: Session, receiver: Address) -> GitRepository:
    return GitRepository(remote=GitRemote(url=parse_git_address(receiver.value).url))


@address.lazy("gitRef")
async def git_ref(session: Session, receiver: Address) -> GitRef:
    where = parse_git_address(receiver.value)
    return await found(session, GitRepository(remote=GitRemote(url=where.url)), where.ref or "HEAD")


@asynccontextmanager
async def _access(session: Session, remote: GitRemote) -> AsyncIterator[GitAccess]:
    """Have a remote reachable."""
    url, authorization = without_password(remote.url)
    if remote.token:
        authorization = basic(remote.username, text(await session.secrets.plaintext(remote.token)).strip())
    elif remote.header:
        authorization = text(await session.secrets.plaintext(remote.header)).strip()
    if "\n" in authorization or "\r" in authorization:
        raise InvalidRequest("a token or header for Git must be one line")
    async with reached(session, remote.service, url) as via:
        yield GitAccess(
            url=url,
            address=relocated(url, *via) if via else url,
            authorization=authorization,
            known_hosts=remote.known_hosts,
            ssh_socket=remote.ssh_socket,
        )


# Names.


async def _refs(session: Session, receiver: GitRepository) -> GitRefs:
    if receiver.remote is None:
        return await session.git.local_refs(_directory(receiver).source)
    async with _access(session, receiver.remote) as access:
        return await session.git.remote_refs(receiver.remote.identity, access)


async def found(session: Session, receiver: GitRepository, name: str) -> GitRef:
    """Look a name up; raises EngineError when the repository does not have it."""
    full, commit = (await _refs(session, receiver)).find(name)
    return GitRef(repository=receiver, name=full, commit=commit)


def _directory(receiver: GitRepository) -> Directory:
    if receiver.directory is None:
        raise InvalidRequest("the repository is not in a directory")
    return receiver.directory


@repository.leaf("url")
def url(_session: Session, receiver: GitRepository) -> str | None:
    return without_password(receiver.remote.url)[0] if receiver.remote else None


@repository.lazy("head")
async def head(session: Session, receiver: GitRepository) -> GitRef:
    return await found(session, receiver, "HEAD")


@repository.lazy("ref")
async def ref_(session: Session, receiver: GitRepository, *, name: str) -> GitRef:
    return await found(session, receiver, name)


@repository.lazy("branch")
async def branch(session: Session, receiver: GitRepository, *, name: str) -> GitRef:
    return await found(session, receiver, HEADS + name.removeprefix(HEADS))


@repository.lazy("tag")
async def tag(session: Session, receiver: GitRepository, *, name: str) -> GitRef:
    return await found(session, receiver, TAGS + name.removeprefix(TAGS))


@repository.lazy("commit")
async def commit(_session: Session, receiver: GitRepository, *, id: str) -> GitRef:
    return GitRef(repository=receiver, name="", commit=checked_commit(id))


@repository.lazy("latestVersion")
async def latest_version(session: Session, receiver: GitRepository) -> GitRef:
    return await found(session, receiver, (await _refs(session, receiver)).latest_version())


@repository.leaf("tags")
async def tags(session: Session, receiver: GitRepository, *, patterns: list[str] | None = None) -> list[str]:
    return (await _refs(session, receiver)).names(TAGS, patterns or ())


@repository.leaf("branches")
async def branches(session: Session, receiver: GitRepository, *, patterns: list[str] | None = None) -> list[str]:
    return (await _refs(session, receiver)).names(HEADS, patterns or ())


@repository.lazy("uncommitted")
async def uncommitted(session: Session, receiver: GitRepository) -> Changeset:
    if receiver.remote is not None:
        clean = await tree_of(session, await found(session, receiver, "HEAD"), git_dir=False)
        return Changeset(before=clean, after=clean)
    dirty = _directory(receiver)
    snapshot = await session.git.cleaned(dirty.source)
    return Changeset(before=replace(dirty, source=replace(dirty.source, snapshot=snapshot)), after=dirty)


# Commits.


@ref.leaf("commit")
def commit_(_session: Session, receiver: GitRef) -> str:
    return receiver.commit


@ref.leaf("ref")
def full_name(_session: Session, receiver: GitRef) -> str:
    return receiver.name or receiver.commit


@ref.lazy("tree")
async def tree(
    session: Session, receiver: GitRef, *, discard_git_dir: bool, depth: int, include_tags: bool
) -> Directory:
    return await tree_of(session, receiver, git_dir=not discard_git_dir, depth=depth, tags=include_tags)


async def tree_of(
    session: Session, receiver: GitRef, *, git_dir: bool, depth: int = 1, tags: bool = False
) -> Directory:
    """Give the files of a commit."""
    keep = git_dir and not receiver.repository.discard_git_dir
    remote = receiver.repository.remote
    wanted = Checkout(
        commit=receiver.commit,
        name=receiver.name if keep else "",
        url=without_password(remote.url)[0] if remote else "",
        depth=max(depth, 0) if keep else 1,
        tags=tags and keep,
        git_dir=keep,
    )
    async with _place(session, receiver.repository) as place:
        return Directory(source=Source(snapshot=await session.git.tree(wanted, place)))


@asynccontextmanager
async def _place(session: Session, receiver: GitRepository) -> AsyncIterator[GitAccess | Source]:
    if receiver.remote is None:
        yield _directory(receiver).source
    else:
        async with _access(session, receiver.remote) as access:
            yield access


@ref.lazy("commonAncestor")
async def common_ancestor(session: Session, receiver: GitRef, *, other: GitRef) -> GitRef:
    async with _place(session, receiver.repository) as one, _place(session, other.repository) as another:
        ancestor = await session.git.common_ancestor((one, receiver.commit), (another, other.commit))
    return GitRef(repository=receiver.repository, name="", commit=ancestor)
