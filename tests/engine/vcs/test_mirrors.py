"""What is kept of remotes."""

from __future__ import annotations

import os

import anyio
import pytest

from engine.core.git import GitAccess
from engine.errors import EngineError
from engine.vcs.command import remote_git
from engine.vcs.mirrors import Mirrors
from tests.git_repositories import Repository, git_daemon, new_repository


@pytest.fixture
def repository(tmp_path):
    repository = new_repository(tmp_path / "served" / "r")
    for number in range(5):
        repository.commit(a=str(number))
    repository.git("tag", "v1")
    return repository


@pytest.fixture
def fetch(repository, tmp_path):
    """Fetch from a daemon into mirrors that stay."""
    with git_daemon(repository.path.parent) as url:

        async def fetch(commit, *, depth=1, tags=False):
            access = GitAccess(url=f"{url}r", address=f"{url}r")
            with remote_git(os.environ, access, tmp_path) as git:
                mirrors = Mirrors(tmp_path / "mirrors", os.environ)
                return Repository(await mirrors.fetch(git, access, commit, depth=depth, tags=tags))

        yield fetch


def history(mirror, commit):
    return int(mirror.git("rev-list", "--count", commit))


async def test_only_what_is_asked_for_is_fetched(repository, fetch):
    head = repository.git("rev-parse", "HEAD")
    mirror = await fetch(head)
    assert history(mirror, head) == 1
    assert history(await fetch(head, depth=3), head) == 3
    assert mirror.git("tag") == ""
    assert (await fetch(head, depth=0, tags=True)).git("tag") == "v1"
    assert history(mirror, head) == 5


async def test_a_whole_mirror_stays_whole(repository, fetch):
    mirror = await fetch(repository.git("rev-parse", "HEAD"), depth=0)
    new = repository.commit(a="new")
    await fetch(new, depth=1)
    assert history(mirror, new) == 6


async def test_what_is_there_is_not_fetched_again(repository, fetch, tmp_path):
    head = repository.git("rev-parse", "HEAD")
    await fetch(head, depth=2)
    repository.path.rename(tmp_path / "away")
    assert history(await fetch(head, depth=2), head) == 2
    with pytest.raises(EngineError):
        await fetch(head, depth=3)


async def test_many_may_fetch_at_the_same_time(repository, fetch):
    commits = repository.git("rev-list", "HEAD").split()
    async with anyio.create_task_group() as group:
        for commit in commits:
            group.start_soon(fetch, commit)
    mirror = await fetch(commits[0])
    assert [mirror.git("cat-file", "-t", commit) for commit in commits] == ["commit"] * 5


async def test_a_commit_that_the_remote_does_not_have_is_an_error(fetch):
    with pytest.raises(EngineError, match=r"does not contain commit f{40}$"):
        await fetch("f" * 40)
