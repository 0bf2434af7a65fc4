"""Full disks: the store's, and the one that is exported to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from engine.linux.syscalls import MNT_DETACH, mount, umount2
from tests.bombs import zeros_layer
from tests.engine.command_line import CommandLine
from tests.engine.faults import Refused, RunningSession, session, sh, step
from tests.small_image import small_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.root

FULL = r"^no space left on {}: .* failed; free some space there, or run `python -m engine prune`$"
SDK = """
import sys, anyio, dagger
from dagger import dag

async def main():
    async with dagger.connection():
        image = dag.container().import_(dag.host().file(sys.argv[1]))
        try:
            await image.rootfs().entries()
        except dagger.QueryError as error:
            print(error)
        print(await dag.container().import_(dag.host().file(sys.argv[2])).with_exec(["echo", "small"]).stdout())

anyio.run(main)
"""


@contextmanager
def small_disk(place: Path, mib: int) -> Iterator[Path]:
    place.mkdir()
    mount("small", place, "tmpfs", options=f"size={mib}m")
    try:
        yield place
    finally:
        umount2(place, MNT_DETACH)


@pytest.fixture
def disk(tmp_path: Path, mount_namespace: None) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 48) as disk:
        yield disk


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_image(tmp_path_factory.mktemp("image") / "small.tar")


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zeros_layer(tmp_path_factory.mktemp("image") / "huge.tar", gibibytes=1)


def big_file(mib: int) -> str:
    return f"head -c {mib}M /dev/zero | tr '\\0' x >/big"


def whole(running: RunningSession, archive: Path) -> None:
    """What needs no space works, and nothing is in the store that has not its whole contents."""
    assert running.leaf("{ version }")
    assert running.leaf(running.image(archive, step("echo still here"))) == "still here\n"
    blobs = running.state / "blobs" / "sha256"
    for blob in blobs.iterdir():
        digest = subprocess.run(["sha256sum", blob], capture_output=True, text=True, check=True).stdout.split()[0]
        assert digest == blob.name


def test_an_image_that_does_not_fit_is_one_sentence_and_the_session_goes_on(disk, archive, huge):
    with session(disk / "state") as running:
        running.leaf(running.image(archive, "platform"))
        with pytest.raises(Refused, match=FULL.format(disk / "state")):
            running.leaf(running.image(huge, "rootfs { entries }"))
        whole(running, archive)


@pytest.mark.slow
def test_the_sdk_tells_its_user(disk, archive, huge):
    dagger = CommandLine(disk / "state")
    ended = dagger("run", "-s", sys.executable, "-c", SDK, str(huge), str(archive))
    assert (ended.code, ended.stderr) == (0, "")
    assert f"no space left on {disk}/state" in ended.stdout
    assert ended.stdout.endswith("small\n\n")


def test_a_command_that_fills_the_disk_fails_and_the_session_goes_on(disk, archive):
    with session(disk / "state") as running:
        with pytest.raises(Refused, match="No space left on device"):
            running.leaf(running.image(archive, step(big_file(100), "exitCode")))
        whole(running, archive)


def test_output_that_does_not_fit_is_one_sentence(disk, archive):
    with session(disk / "state", DAGGER_PROGRESS="dots") as running:
        running.leaf(running.image(archive, "platform"))
        with pytest.raises(Refused, match=FULL.format(disk / "state")):
            running.leaf(running.image(archive, step("head -c 90M /dev/zero | tr '\\0' '\\n'", "exitCode")))
        whole(running, archive)


def test_files_of_the_host_that_do_not_fit_are_one_sentence(disk, archive, tmp_path):
    (tmp_path / "many").mkdir()
    for name in "abc":
        (tmp_path / "many" / name).write_bytes(b"x" * (20 << 20))
    with session(disk / "state") as running:
        for what in (f'directory(path: "{tmp_path}/many") {{ entries }}', f'file(path: "{big(tmp_path)}") {{ size }}'):
            with pytest.raises(Refused, match=FULL.format(disk / "state")):
                running.leaf(f"{{ host {{ {what} }} }}")
        whole(running, archive)


def big(tmp_path: Path) -> Path:
    with (tmp_path / "big").open("wb") as file:
        file.write(b"x" * (60 << 20))
    return tmp_path / "big"


@pytest.mark.slow
def test_a_new_file_that_does_not_fit_is_one_sentence(disk, archive):
    contents = json.dumps("x" * (30 << 20))
    with session(disk / "state") as running:
        running.leaf(running.image(archive, "platform"))
        with pytest.raises(Refused, match=FULL.format(disk / "state")):
            running.leaf(
                f'{{ directory {{ withNewFile(path: "a", contents: {contents}) '
                f'{{ withNewFile(path: "b", contents: {contents}) {{ entries }} }} }} }}'
            )
        whole(running, archive)


def test_packing_an_image_for_which_there_is_no_space_is_one_sentence(disk, archive, tmp_path):
    random = sh("dd if=/dev/urandom of=/big bs=1M count=22 2>/dev/null")
    with session(disk / "state") as running:
        with pytest.raises(Refused, match=FULL.format(disk / "state")):
            running.leaf(running.image(archive, f'{random} {{ export(path: "{tmp_path}/image.tar") }} }}'))
        assert not (tmp_path / "image.tar").exists()
        whole(running, archive)


def test_a_store_on_a_disk_without_any_space_does_not_open(tmp_path, mount_namespace):
    with small_disk(tmp_path / "disk", 1) as disk:
        (disk / "fill").write_bytes(b"x" * ((1 << 20) - 4096 * 3))
        ended = CommandLine(disk / "state")("session")
        assert (ended.code, ended.stdout) == (1, "")
        assert ended.stderr.count("\n") == 1
        assert "no space left on" in ended.stderr


def test_prune_makes_room_again_on_a_full_disk(disk, archive, huge):
    with session(disk / "state") as running:
        with pytest.raises(Refused):
            running.leaf(running.image(archive, step("head -c 25M /dev/urandom >/a; head -c 25M /dev/zero >/b")))
        running.leaf(running.image(archive, step("head -c 20M /dev/urandom >/a", "exitCode")))
    subprocess.run(["dd", "if=/dev/zero", f"of={disk}/fill", "bs=4096"], capture_output=True, check=False)
    assert os.statvfs(disk).f_bavail == 0
    ended = CommandLine(disk / "state")("prune", "--all")
    assert (ended.code, ended.stderr) == (0, "")
    assert not list((disk / "state" / "snapshots").iterdir())


@pytest.mark.parametrize(
    "export",
    [
        'directory(path: "/d") {{ export(path: "{}/out") }}',
        'file(path: "/d/f") {{ export(path: "{}/f") }}',
        'export(path: "{}/image.tar")',
    ],
)
def test_an_export_to_a_full_disk_leaves_all_as_it_was(tmp_path, archive, mount_namespace, export):
    random = sh("mkdir /d; head -c 30M /dev/urandom >/d/f", salt="export")
    with small_disk(tmp_path / "target", 8) as target, session(tmp_path / "state") as running:
        old = [target / "f", target / "image.tar", target / "out" / "f"]
        old[-1].parent.mkdir()
        for path in old:
            path.write_text("old")
        with pytest.raises(Refused, match=r"(?i)no space left on") as refused:
            running.leaf(running.image(archive, f"{random} {{ {export.format(target)} }} }}"))
        assert str(target) in str(refused.value)
        assert "prune" not in str(refused.value)
        assert sorted(path for path in target.rglob("*") if path.is_file()) == old
        assert [path.read_text() for path in old] == ["old"] * 3
        assert running.leaf(running.image(archive, step("echo on"))) == "on\n"
