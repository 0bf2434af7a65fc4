"""Git through a real session: real repositories, by file and by a daemon."""

from __future__ import annotations

import base64
import stat

import dagger
import pytest

from tests.git_repositories import Repository, git_daemon, new_repository
from tests.web_servers import web_server

pytestmark = pytest.mark.root


@pytest.fixture
def repository(tmp_path):
    repository = new_repository(tmp_path / "served" / "repository")
    repository.commit(a="one")
    repository.git("tag", "--annotate", "v1.0.0", "--message", "first")
    repository.git("branch", "old")
    (repository.path / "run").write_text("#!/bin/sh\n")
    (repository.path / "run").chmod(0o755)
    repository.commit(a="two")
    repository.git("tag", "v1.10.0")
    repository.git("tag", "v1.9.0")
    return repository


@pytest.fixture
def remote(repository):
    with git_daemon(repository.path.parent) as url:
        yield f"{url}repository"


def where(repository: Repository, name: str) -> str:
    return repository.git("rev-parse", f"{name}^{{commit}}")


async def test_names_of_a_remote_are_found(dag, repository, remote):
    git = dag.git(remote)
    assert await git.url() == remote
    assert await git.branches() == ["main", "old"]
    assert await git.tags() == ["v1.0.0", "v1.10.0", "v1.9.0"]
    assert await git.tags(patterns=["v1.1*"]) == ["v1.10.0"]
    head, old, tag = git.head(), git.branch("old"), git.tag("v1.0.0")
    assert (await head.ref(), await head.commit()) == ("refs/heads/main", where(repository, "main"))
    assert (await old.ref(), await old.commit()) == ("refs/heads/old", where(repository, "old"))
    assert (await tag.ref(), await tag.commit()) == ("refs/tags/v1.0.0", where(repository, "old"))
    assert await git.latest_version().ref() == "refs/tags/v1.10.0"
    by_hash = git.commit(where(repository, "old"))
    assert await by_hash.ref() == await by_hash.commit() == where(repository, "old")


async def test_what_is_not_there_is_an_error(dag, repository, remote):
    git = dag.git(remote)
    with pytest.raises(dagger.QueryError, match=r'repository does not contain ref "refs/heads/none"'):
        await git.branch("none").commit()
    with pytest.raises(dagger.QueryError, match=r"does not contain commit f{40}"):
        await git.commit("f" * 40).tree().entries()
    with pytest.raises(dagger.QueryError, match='invalid commit SHA: "main"'):
        await git.commit("main").tree().entries()
    with pytest.raises(dagger.QueryError, match=r"git ls-remote file:///no/where failed: .*not appear to be a git"):
        await dag.git("file:///no/where").head().commit()
    with pytest.raises(dagger.QueryError, match="failed to parse Git URL"):
        await dag.git("ext::sh -c id").head().commit()


async def test_a_tree_has_the_files_of_the_commit_and_a_repository(dag, repository, remote, debian):
    tree = dag.git(remote).branch("old").tree()
    assert await tree.entries() == [".git/", "a"]
    assert await tree.file("a").contents() == "one"
    head = dag.git(remote).head().tree()
    assert [await head.file(name).stat().permissions() for name in ("a", "run")] == [0o644, 0o755]
    dot_git = head.directory(".git")
    assert await dot_git.file("HEAD").contents() == "ref: refs/heads/main\n"
    assert f"url = {remote}\n" in await dot_git.file("config").contents()
    assert await dot_git.exists("shallow")


async def test_a_tree_without_repository_is_the_same_wherever_it_came_from(dag, repository, remote):
    one = dag.git(remote).head().tree(discard_git_dir=True)
    other = dag.git(repository.url, keep_git_dir=False).commit(where(repository, "main")).tree()
    assert await one.entries() == ["a", "run"]
    assert await one.digest() == await other.digest()


async def test_depth_and_tags_are_kept_as_asked(dag, repository, remote, tmp_path):
    async def exported(name, **options):
        await dag.git(remote).head().tree(**options).export(str(tmp_path / name))
        return Repository(tmp_path / name)

    shallow = await exported("shallow")
    assert shallow.git("rev-list", "--count", "HEAD") == "1"
    assert shallow.git("tag") == ""
    assert shallow.git("status", "--porcelain") == ""
    deep = await exported("deep", depth=5)
    assert deep.git("rev-list", "--count", "HEAD") == "2"
    tagged = await exported("tagged", depth=0, include_tags=True)
    assert tagged.git("tag").split() == ["v1.0.0", "v1.10.0", "v1.9.0"]
    assert tagged.git("describe", "--tags", "HEAD~1") == "v1.0.0"


async def test_a_name_is_looked_up_once_in_a_session(dag, repository, remote):
    first = await dag.git(remote).head().commit()
    repository.commit(a="three")
    assert await dag.git(remote).branch("main").commit() == first
    repository.path.rename(repository.path.with_name("away"))
    assert await dag.git(remote).branches() == ["main", "old"]


async def test_a_commit_that_is_known_needs_no_remote(dag, repository, tmp_path):
    commit = where(repository, "main")
    await dag.git(repository.url).commit(commit).tree().sync()
    repository.path.rename(tmp_path / "away")
    assert await dag.git(repository.url).commit(commit).tree().file("a").contents() == "two"


async def test_the_common_ancestor_is_found(dag, repository, remote):
    repository.git("checkout", "--quiet", "-b", "side", "old")
    repository.commit(b="side")
    git = dag.git(remote)
    await git.branch("side").tree().sync()  # the mirror has one commit of each, so far
    assert await git.branch("main").common_ancestor(git.branch("side")).commit() == where(repository, "old")
    alone = new_repository(repository.path.parent / "alone")
    alone.commit(x="x")
    with pytest.raises(dagger.QueryError, match="no common ancestor"):
        await git.branch("main").common_ancestor(dag.git(alone.url).head()).commit()


async def test_a_server_that_gives_no_single_commits_gives_all(dag, repository):
    """The old way of serving, as plain files."""
    repository.git("update-server-info")
    top = repository.path / ".git"
    with web_server() as server:
        server.files = {f"/{path.relative_to(top)}": path.read_bytes() for path in top.rglob("*") if path.is_file()}
        assert await dag.git(f"{server.url}/").branch("old").tree(discard_git_dir=True).entries() == ["a"]


async def test_secrets_go_to_the_server_and_never_to_a_message(workdir, dag):
    with web_server() as server:
        token = dag.set_secret("token", "sesame-open")
        for options in ({"http_auth_token": token}, {"http_auth_token": token, "http_auth_username": "me"}):
            with pytest.raises(dagger.QueryError) as caught:
                await dag.git(f"{server.url}/x", **options).head().commit()
            assert "sesame" not in str(caught.value)
        header = dag.set_secret("header", "Bearer sesame-open")
        with pytest.raises(dagger.QueryError):
            await dag.git(f"{server.url}/x", http_auth_header=header).head().commit()
        with pytest.raises(dagger.QueryError) as caught:
            await dag.git(f"{server.url.replace('//', '//me:sesame-open@')}/y").head().commit()
        assert "sesame" not in str(caught.value)
    shown = [headers["Authorization"] for _, headers in server.asked]
    basic = [base64.b64encode(f"{user}:sesame-open".encode()).decode() for user in ("x-access-token", "me")]
    assert set(shown) == {f"Basic {basic[0]}", f"Basic {basic[1]}", "Bearer sesame-open"}
    assert "sesame" not in (workdir / "session.log").read_text()


async def test_a_submodule_comes_along(dag, tmp_path):
    with git_daemon(tmp_path) as url:
        inner = new_repository(tmp_path / "inner")
        inner.commit(inside="x")
        outer = new_repository(tmp_path / "outer")
        outer.git("submodule", "--quiet", "add", f"{url}inner", "sub")
        outer.commit(a="y")
        tree = dag.git(f"{url}outer").head().tree(discard_git_dir=True)
        assert await tree.file("sub/inside").contents() == "x"
        assert await tree.glob("**/.git*") == [".gitmodules"]


async def test_a_submodule_cannot_be_a_place_on_this_machine(dag, tmp_path):
    (tmp_path / "served").mkdir()
    with git_daemon(tmp_path / "served") as url:
        secret = new_repository(tmp_path / "secret")
        secret.commit(inside="x")
        outer = new_repository(tmp_path / "served" / "outer")
        outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(secret.path), "sub")
        outer.commit(a="y")
        with pytest.raises(dagger.QueryError, match="transport 'file' not allowed"):
            await dag.git(f"{url}outer").head().tree().entries()


# Repositories in directories.


async def test_a_directory_is_a_repository(dag, repository):
    git = dag.host().directory(str(repository.path)).as_git()
    assert await git.url() is None
    assert await git.branches() == ["main", "old"]
    assert await git.head().ref() == "refs/heads/main"
    assert await git.tag("v1.0.0").commit() == where(repository, "old")
    assert await git.branch("old").tree(discard_git_dir=True).file("a").contents() == "one"
    assert await git.branch("old").tree().entries() == [".git/", "a"]
    assert await git.head().common_ancestor(git.branch("old")).commit() == where(repository, "old")


async def test_packed_repositories_are_read_too(dag, repository):
    repository.git("gc", "--quiet")
    git = dag.host().directory(str(repository.path)).as_git()
    assert await git.branches() == ["main", "old"]
    assert await git.head().tree(discard_git_dir=True).file("a").contents() == "two"


async def test_uncommitted_changes_are_told(dag, repository):
    (repository.path / ".gitignore").write_text("ignored\n")
    repository.commit(b="b")
    (repository.path / "a").write_text("changed")
    (repository.path / "b").unlink()
    (repository.path / "new").write_text("new")
    (repository.path / "ignored").write_text("ignored")
    changes = dag.host().directory(str(repository.path)).as_git().uncommitted()
    assert await changes.modified_paths() == ["a"]
    assert await changes.added_paths() == ["new"]
    assert await changes.removed_paths() == ["b"]
    assert await dag.git(repository.url).uncommitted().is_empty()


async def test_a_directory_without_repository_is_an_error(dag):
    with pytest.raises(dagger.QueryError, match="not a git repository"):
        await dag.directory().with_new_file("a", "").as_git().head().commit()


async def test_nothing_of_a_foreign_repository_is_run(dag, repository, tmp_path):
    trace = tmp_path / "trace"
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        hook = repository.path / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho {name} >> {trace}\n")
        hook.chmod(0o755)
    for name in ("core.fsmonitor", "core.sshCommand", "filter.bad.smudge", "uploadpack.packObjectsHook"):
        repository.git("config", name, f"sh -c 'echo {name} >> {trace}; cat'")
    (repository.path / ".gitattributes").write_text("* filter=bad\n")
    repository.git(
        "-c", "filter.bad.smudge=", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "add", "."
    )
    repository.git(
        "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "commit", "--quiet", "--message", "x"
    )
    trace.unlink(missing_ok=True)
    local = dag.host().directory(str(repository.path)).as_git()
    for git in (local, dag.git(repository.url)):
        await git.head().tree().sync()
        await git.head().tree(discard_git_dir=True).sync()
        await git.uncommitted().is_empty()
    assert not trace.exists()


@pytest.mark.parametrize("how", ["a link in it", "alternates", "a file"])
async def test_a_repository_that_leads_out_of_its_directory_is_refused(dag, repository, tmp_path, how):
    other = tmp_path / "other"
    other.mkdir()
    if how == "a file":
        (other / ".git").write_text(f"gitdir: {repository.path}/.git\n")
    else:
        copy = new_repository(tmp_path / "made")
        (copy.path / ".git").rename(other / ".git")
        if how == "alternates":
            (other / ".git/objects/info").mkdir(exist_ok=True)
            (other / ".git/objects/info/alternates").write_text(f"{repository.path}/.git/objects\n")
        else:
            (other / ".git/refs/heads/main").symlink_to(repository.path / ".git/refs/heads/main")
    with pytest.raises(dagger.QueryError, match="not a git repository"):
        await dag.host().directory(str(other)).as_git().head().tree().entries()


# Addresses, services.


async def test_an_address_names_a_repository_and_a_ref(dag, repository):
    assert await dag.address(f"{repository.url}#old").git_ref().commit() == where(repository, "old")
    assert await dag.address(repository.url).git_ref().ref() == "refs/heads/main"
    assert await dag.address(repository.url).git_repository().branches() == ["main", "old"]


async def test_an_address_names_a_directory_or_a_file_of_a_repository(dag, repository, remote):
    (repository.path / "d").mkdir()
    repository.commit(**{"d/f": "x", "d/g": "y"})
    directory = dag.address(f"{remote}#main:d").directory()
    assert await directory.entries() == ["f", "g"]
    assert await dag.address(f"{remote}#main:d").directory(exclude=["g"]).entries() == ["f"]
    assert await dag.address(f"{remote}#:d/f").file().contents() == "x"
    assert ".git/" in await dag.address(remote).directory().entries()


async def test_mirrors_are_for_their_owner_alone(dag, repository, engine_state):
    await dag.git(repository.url).head().tree().sync()
    assert stat.S_IMODE((engine_state / "git").stat().st_mode) == 0o700
