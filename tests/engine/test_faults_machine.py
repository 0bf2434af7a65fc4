"""Machines that lack something, and callers with other habits."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.linux.syscalls import MNT_DETACH, mount, umount2
from engine.store.database import Database
from engine.store.layout import Layout
from tests.engine.command_line import CommandLine
from tests.engine.faults import Refused, session, sh, step
from tests.small_image import small_image

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root

# May read everything, as a user may whose Python is not root's; may do nothing else that root may.
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all,+dac_read_search")
NOBODY = (*NOBODY, "--ambient-caps=-all,+dac_read_search", "--bounding-set=-all,+dac_read_search")
SDK = """
import anyio, dagger

async def main():
    try:
        async with dagger.connection():
            print("connected")
    except dagger.SessionError as error:
        print(error)

anyio.run(main)
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_image(tmp_path_factory.mktemp("image") / "small.tar")


@pytest.fixture
def dagger(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "state")


@contextmanager
def without(program: str, scratch: Path) -> Iterator[None]:
    """Take a program away from this process's machine: its folder is covered by one without it."""
    path = Path(shutil.which(program) or "")
    assert path.is_absolute(), f"{program} is needed for this test"
    upper, work = scratch / "upper", scratch / "work"
    upper.mkdir()
    work.mkdir()
    options = f"lowerdir={path.parent},upperdir={upper},workdir={work}"
    mount("overlay", path.parent, "overlay", options=options)
    try:
        path.unlink()
        yield
    finally:
        umount2(path.parent, MNT_DETACH)


def one_error(stderr: str) -> str:
    assert stderr.startswith("Error: "), stderr
    assert stderr.count("\n") == 1, stderr
    return stderr


@pytest.mark.parametrize("verb", [["session"], ["run", "true"], ["query"], ["listen"]])
def test_an_ordinary_user_is_told_that_it_needs_root(dagger, verb):
    ended = dagger(*verb, wrapper=NOBODY, stdin="{ version }")
    assert (ended.code, ended.stdout) == (1, "")
    assert "root" in one_error(ended.stderr)
    assert "doctor" in ended.stderr


def test_the_doctor_tells_an_ordinary_user_too(dagger):
    ended = dagger("doctor", wrapper=NOBODY)
    assert ended.code == 1
    assert "missing  root" in ended.stdout
    assert "run as root" in ended.stdout
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_the_sdks_user_sees_the_sentence(dagger, tmp_path):
    program = tmp_path / "dagger"
    program.write_text(f'#!/bin/sh\nexec {shlex.join([*NOBODY, *dagger.argv()])} "$@"\n')
    program.chmod(0o755)
    ended = CommandLine(tmp_path / "state", _EXPERIMENTAL_DAGGER_CLI_BIN=str(program)).python("-c", SDK)
    assert "it needs CAP_SYS_ADMIN" in ended.stdout
    assert "run it as root" in ended.stdout


def test_a_session_without_nft_names_its_package(dagger, tmp_path):
    with without("nft", tmp_path):
        assert "apt-get install nftables" in dagger("doctor").stdout
        ended = dagger("session")
    assert (ended.code, ended.stdout) == (1, "")
    assert "the program nft is missing; install it with `apt-get install nftables`" in one_error(ended.stderr)


@pytest.mark.parametrize(
    ("program", "package"),
    [("crun", "crun"), ("tini-static", "tini"), ("skopeo", "skopeo"), ("slirp4netns", "slirp4netns")],
)
def test_the_doctor_names_the_package_of_a_missing_program(dagger, tmp_path, program, package):
    with without(program, tmp_path):
        ended = dagger("doctor")
    if program == "crun" and shutil.which("runc"):
        return
    assert ended.code == 1
    assert f"apt-get install {package}" in ended.stdout
    assert f"apt-get install --yes --no-install-recommends {package}\n" in ended.stdout


@pytest.mark.parametrize(("program", "package"), [("crun", "crun"), ("tini-static", "tini")])
def test_a_step_without_what_runs_it_names_the_package(tmp_path, archive, program, package):
    with without(program, tmp_path), session(tmp_path / "state") as running:
        with pytest.raises(Refused, match=f"{program} is missing; install it with `apt-get install {package}`"):
            running.leaf(running.image(archive, step("true")))
        assert running.leaf(running.image(archive, "rootfs { entries }"))


def test_a_pull_without_skopeo_names_the_package(tmp_path):
    with without("skopeo", tmp_path), session(tmp_path / "state") as running:
        missing = "the program skopeo is missing; install it with `apt-get install skopeo`"
        pull = '{ container { from(address: "127.0.0.1:9/a:1") { id } } }'
        with pytest.raises(Refused, match=re.escape(missing)):
            running.leaf(pull)


def test_without_slirp4netns_steps_run_and_the_way_out_is_said_to_be_missing(tmp_path, archive):
    with without("slirp4netns", tmp_path), session(tmp_path / "state") as running:
        assert running.leaf(running.image(archive, step("echo runs"))) == "runs\n"
        assert "slirp4netns" in running.log.read_text()
        assert "apt-get install slirp4netns" in running.log.read_text()


# Habits of callers, and clocks.

BUILD = "umask; echo made >/f; mkdir -p /d/e; touch /g; echo $TZ$LANG$LC_ALL; "


def built(state: Path, archive: Path, target: Path, **how: object) -> str:
    """Image digest of a build; its archive is written to the host."""
    rest = (
        f'withNewFile(path: "/new/file", contents: "x") {{ withDirectory(path: "/host", source: "HOST") '
        f'{{ {sh(BUILD, salt="same")} {{ export(path: "{target}") }} }} }} }}'
    )
    with session(state, **how) as running:
        host = running.leaf(f'{{ host {{ directory(path: "{archive.parent}/tree") {{ id }} }} }}')
        running.leaf(running.image(archive, rest.replace("HOST", str(host))))
    with tarfile.open(target) as tar:
        return json.load(tar.extractfile("index.json"))["manifests"][0]["digest"]


@pytest.fixture
def tree(archive: Path) -> Path:
    tree = archive.parent / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "d").mkdir(parents=True)
    (tree / "d" / "f").write_text("f")
    for path, mode in ((tree, 0o700), (tree / "d", 0o750), (tree / "d" / "f", 0o640)):
        path.chmod(mode)
    return tree


def umask(mask: str) -> tuple[str, ...]:
    return ("sh", "-c", f'umask {mask}; exec "$@"', "sh")


@pytest.mark.slow
def test_the_callers_habits_change_no_image_and_no_mode(tmp_path, archive, tree):
    usual = built(tmp_path / "state", archive, tmp_path / "1.tar", wrapper=umask("022"))
    odd = {"TZ": "Pacific/Kiritimati", "LANG": "tr_TR.UTF-8", "LC_ALL": "C", "PYTHONUTF8": "0"}
    assert built(tmp_path / "state", archive, tmp_path / "2.tar", wrapper=umask("077"), **odd) == usual
    # In a store of its own nothing is known: the layers are made under that umask.
    fixed = {"SOURCE_DATE_EPOCH": "1700000000"}
    built(tmp_path / "a", archive, tmp_path / "3.tar", wrapper=umask("022"), **fixed)
    built(tmp_path / "b", archive, tmp_path / "4.tar", wrapper=umask("077"), **odd, **fixed)
    assert modes(tmp_path / "a") == modes(tmp_path / "b")
    assert (tmp_path / "4.tar").stat().st_mode & 0o777 == 0o600


def modes(state: Path) -> list[tuple[str, int]]:
    top = state / "snapshots"
    return sorted(
        (str(path.relative_to(layer)), path.lstat().st_mode) for layer in top.iterdir() for path in layer.rglob("*")
    )


@pytest.mark.slow
def test_a_clock_that_jumps_back_changes_no_result(tmp_path, archive, tree):
    """What was done is dated years from now, as after a clock was put right."""
    state = tmp_path / "state"
    before = built(state, archive, tmp_path / "1.tar")
    later = 10 * 365 * 86_400
    with Database(Layout(state)) as database, database.transaction() as connection:
        connection.execute("UPDATE results SET used = used + ?", (later,))
    for path in [*(state / "blobs" / "sha256").iterdir(), *(state / "locks").iterdir()]:
        os.utime(path, (path.stat().st_mtime + later,) * 2)
    assert built(state, archive, tmp_path / "2.tar") == before
    assert CommandLine(state)("prune", "--older-than", "1d").code == 0
    assert built(state, archive, tmp_path / "3.tar") == before
    assert CommandLine(state)("prune", "--all").code == 0
    assert list((state / "snapshots").iterdir()) == []
