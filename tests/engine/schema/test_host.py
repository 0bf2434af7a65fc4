"""Files, ports and names of the host, beyond the recorded cases."""

from __future__ import annotations

import os

import dagger
import pytest

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root


@pytest.fixture
def folder(tmp_path):
    """A folder of two files and one more below."""
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/c").write_text("c")
    return tmp_path


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["a", "b", "d/", "d/c"]),
        ({"include": ["/a", "../b"]}, ["a", "b", "d/", "d/c"]),
        ({"include": ["/a", "b"]}, ["b"]),
        ({"exclude": ["/a", "../b"]}, ["a", "b", "d/", "d/c"]),
        ({"exclude": ["*", "!a"]}, ["a"]),
        ({"include": ["."]}, ["a", "b", "d/", "d/c"]),
        ({"include": ["d/c"]}, ["d/", "d/c"]),
        ({"exclude": ["d/"]}, ["a", "b"]),
    ],
)
async def test_patterns_that_lead_out_of_a_folder_are_ignored(dag, folder, filters, found):
    assert await dag.host().directory(str(folder), **filters).glob("**/*") == found


async def test_owners_become_root_and_modes_and_times_are_kept(dag, once, folder):
    os.chown(folder / "a", 1234, 1234)
    (folder / "a").chmod(0o640)
    os.utime(folder / "a", (1_000_000_000, 1_000_000_000))
    copied = once.with_directory("/t", dag.host().directory(str(folder)))
    assert await copied.with_exec(["stat", "-c", "%u:%g %a %Y", "/t/a"]).stdout() == "0:0 640 1000000000\n"


@pytest.mark.parametrize("path", ["nope", "/nope/nope"])
async def test_a_folder_that_is_missing_is_an_error(dag, path):
    with pytest.raises(dagger.QueryError, match="no such file or directory"):
        await dag.host().directory(path).entries()


async def test_a_file_in_place_of_a_folder_is_an_error(dag, folder):
    with pytest.raises(dagger.QueryError):
        await dag.host().directory(str(folder / "a")).entries()


async def test_a_folder_in_place_of_a_file_is_an_error(dag, folder):
    with pytest.raises(dagger.QueryError):
        await dag.host().file(str(folder)).contents()


async def test_a_relative_path_starts_at_the_workdir(dag, workdir):
    (workdir / "here").mkdir()
    (workdir / "here/f").write_text("x")
    assert await dag.host().directory("here").entries() == ["f"]
    assert await dag.host().file("here/f").contents() == "x"


async def test_a_name_is_found_in_the_folders_above(dag, workdir):
    (workdir.parent / "needle").write_text("x")
    assert await dag.host().find_up("needle") == "../needle"
    assert await dag.host().find_up("no such needle") is None


async def test_a_folder_is_read_once_unless_asked_otherwise(dag, folder):
    assert await dag.host().directory(str(folder)).file("a").contents() == "a"
    (folder / "a").write_text("changed")
    assert await dag.host().directory(str(folder)).file("a").contents() == "a"
    assert await dag.host().directory(str(folder), no_cache=True).file("a").contents() == "changed"


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda folder: None, False),
        (lambda folder: os.utime(folder / "a", (1, 1)), False),
        (lambda folder: (folder / "a").chmod(0o600), True),
        (lambda folder: (folder / "a").write_text("other"), True),
        (lambda folder: (folder / "new").write_text(""), True),
    ],
)
async def test_a_step_runs_again_when_what_it_is_given_is_another(dag, once, folder, change, again):
    def step():
        mounted = once.with_mounted_directory("/m", dag.host().directory(str(folder), no_cache=True))
        return mounted.with_exec(sh("date +%N"))

    before = await step().stdout()
    change(folder)
    assert (await step().stdout() != before) is again


async def test_ignore_files_count_when_asked(dag, folder):
    (folder / ".git").mkdir()
    (folder / ".gitignore").write_text("a\nd/\n")
    names = await dag.host().directory(str(folder), gitignore=True).entries()
    assert [name for name in names if name != ".git/"] == [".gitignore", "b"]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda dag, service: dag.host().service([]), "no ports specified"),
        (lambda dag, service: dag.host().tunnel(service), "no ports to forward"),
        (
            lambda dag, service: dag.host().tunnel(dag.host().service([dagger.PortForward(backend=80)])),
            "tunneling to non-Container services is not supported",
        ),
    ],
)
async def test_a_forwarding_of_nothing_is_refused(dag, debian, ask, message):
    with pytest.raises(dagger.QueryError, match=message):
        await ask(dag, debian.as_service(args=["sleep", "1"])).start()
