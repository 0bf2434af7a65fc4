"""How git is started."""

from __future__ import annotations

import os
import stat

import pytest

from engine.core.git import GitAccess
from engine.errors import CommandFailed
from engine.vcs.command import GitFailed, local_git, remote_git
from tests.git_repositories import new_repository

URL = "https://host.invalid/repository"


@pytest.fixture
def recorded(tmp_path):
    """An environment whose git only writes down how it was started; gives what it wrote."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/argv; env > {tmp_path}/env; umask > {tmp_path}/umask\n'
    )
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", "GIT_DIR": "/elsewhere", "GIT_SSL_CAINFO": "/bundle"}


async def test_no_secret_is_on_the_command_line(recorded, tmp_path):
    access = GitAccess(url=URL, address=URL, authorization="Bearer sesame", known_hosts="host key", ssh_socket="/agent")
    with remote_git(recorded, access, tmp_path) as git:
        await git("ls-remote", "--", URL)
        env = (tmp_path / "env").read_text()
        assert "sesame" not in (tmp_path / "argv").read_text()
        assert "http.https://host.invalid/.extraHeader" in env
        assert "Authorization: Bearer sesame" in env
        assert "SSH_AUTH_SOCK=/agent\n" in env
        assert "StrictHostKeyChecking=yes" in env
    assert "sesame" not in repr(access)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["argv", "bin", "env", "umask"]


async def test_the_callers_own_git_variables_do_not_lead_elsewhere(recorded, tmp_path):
    await local_git(recorded)("init")
    env = (tmp_path / "env").read_text()
    assert "GIT_DIR=" not in env
    assert "GIT_SSL_CAINFO=/bundle\n" in env
    assert "GIT_TERMINAL_PROMPT=0\n" in env
    assert (tmp_path / "umask").read_text() == "0022\n"


async def test_own_repositories_are_read_without_the_users_configuration(tmp_path):
    (tmp_path / ".gitconfig").write_text("[init]\n\tdefaultBranch = other\n")
    environ = {**os.environ, "HOME": str(tmp_path)}
    await local_git(environ)("init", "--quiet", tmp_path / "own")
    assert (tmp_path / "own/.git/HEAD").read_text() == "ref: refs/heads/master\n"
    assert not (tmp_path / "own/.git/hooks").exists()


async def test_files_have_the_usual_modes_whatever_the_umask(tmp_path):
    repository = new_repository(tmp_path / "r")
    repository.commit(a="1")
    old = os.umask(0)
    try:
        await local_git(os.environ, GIT_DIR=repository.path / ".git")("--work-tree", tmp_path, "checkout", "-f")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


async def test_an_error_says_what_failed_for_which_repository(tmp_path):
    with remote_git(os.environ, GitAccess(url=URL, address=f"{tmp_path}/none"), tmp_path) as git:
        with pytest.raises(GitFailed, match=rf"^git fetch {URL} failed: fatal: not a git repository") as caught:
            await git("fetch", "--", f"{tmp_path}/none", cwd=tmp_path)
        assert "not a git repository" in caught.value.output


async def test_a_missing_git_says_what_to_install():
    with pytest.raises(CommandFailed, match="apt-get install git"):
        await local_git({"PATH": "/nowhere"})("init")
