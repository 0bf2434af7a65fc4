"""Hostile images and registries, and imports that are called off."""

from __future__ import annotations

import gzip
import os
import socket
import tarfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import ImageError
from engine.oci.reference import parse_reference
from engine.registry import skopeo
from tests.bombs import zeros_layer
from tests.engine.faults import Refused, RunningSession, commands, eventually, session, step, unfinished
from tests.small_image import small_image
from tests.tars import ImageArchive, entry, hardlink, sha256, symlink, tar

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, mount_namespace: None) -> Iterator[RunningSession]:
    with session(tmp_path_factory.mktemp("images") / "state") as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_half_unpacked(running: RunningSession) -> Iterator[None]:
    (folder,) = unfinished(running.state)
    before = names(running.state / "staging" / folder)
    yield
    assert eventually(lambda: names(running.state / "staging" / folder) == before)
    # The archives themselves, read by `host.file`, are all that was kept.
    assert all(names(layer)[0].endswith(".tar") for layer in (running.state / "snapshots").iterdir())
    assert names(running.state / "blobs" / "sha256") == []


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(running: RunningSession, path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(Refused) as caught:
        running.leaf(running.image(path, "rootfs { entries }"))
    assert "internal error" not in str(caught.value)
    assert str(caught.value).count("\n") == 0
    return str(caught.value)


def image(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    archive = ImageArchive()
    archive.image(tar(*entries))
    return archive.tar()


@pytest.mark.parametrize("name", ["../{}", "a/../../{}", "/../{}", "./../../../../../../../../{}/escaped"])
def test_names_that_lead_out_are_refused(running, tmp_path, name):
    name = name.format(str(tmp_path)[1:] + "/escaped")
    message = refused(running, tmp_path / "image.tar", image(entry(name, b"out")))
    assert "leads out of its root" in message
    assert not list(tmp_path.glob("escaped*"))


def test_hard_links_to_what_is_outside_are_refused(running, tmp_path):
    (tmp_path / "private").write_text("private")
    for target in (f"{tmp_path}/private", f"../../../../../../../..{tmp_path}/private", "/etc/hostname"):
        message = refused(running, tmp_path / "image.tar", image(hardlink("stolen", target)))
        assert "stolen" in message
    assert (tmp_path / "private").stat().st_nlink == 1


def test_a_wrong_digest_is_refused(running, tmp_path):
    archive = ImageArchive()
    archive.image(tar(entry("f", b"x")), diff_ids=[sha256(b"other")])
    assert "digest" in refused(running, tmp_path / "contents.tar", archive.tar())
    archive = ImageArchive()
    archive.image(tar(entry("f", b"x")))
    name = next(name for name, data in archive.blobs.items() if b"ustar" in data)
    archive.blobs[name] = tar(entry("f", b"y"))
    assert "digest" in refused(running, tmp_path / "blob.tar", archive.tar())


@pytest.mark.parametrize("cut", [1, 9, 200, 5000])
def test_a_truncated_layer_is_refused(running, tmp_path, cut):
    layer = tar(*(entry(f"f{n}", os.urandom(3000)) for n in range(20)))
    archive = ImageArchive()
    archive.image(layer)
    packed = gzip.compress(layer)[:-cut]
    (name,) = (name for name, data in archive.blobs.items() if data == layer)
    archive.blobs[name] = packed
    assert name in refused(running, tmp_path / "image.tar", archive.tar())


@pytest.mark.parametrize("part", [20, 512, 1536, 3000, 5000])
def test_a_truncated_archive_is_refused(running, tmp_path, part):
    whole = image(entry("f", b"x" * 5000))
    assert refused(running, tmp_path / "image.tar", whole[:part])


def test_an_import_that_is_called_off_ends_at_once_and_leaves_nothing(running, tmp_path):
    """Ten gigabytes of zeros, of which the first is enough."""
    path = zeros_layer(tmp_path / "zeros.tar", gibibytes=10)
    connection = running.sent(running.image(path, "rootfs { entries }"))
    staging = running.state / "staging"
    assert eventually(lambda: [found for found in staging.glob("*/*/zeros") if found.stat().st_size > 1 << 24])
    connection.close()
    assert eventually(lambda: not list(staging.glob("*/*/zeros")), 10)


def test_block_devices_are_refused(running, tmp_path):
    disk = Path("/sys/dev/block").iterdir().__next__().name.split(":")
    node = entry("disk", type=tarfile.BLKTYPE, devmajor=int(disk[0]), devminor=int(disk[1]), mode=0o666)
    assert '"disk" of the layer is a block device' in refused(running, tmp_path / "image.tar", image(node))


def test_writes_through_links_of_an_image_stay_inside_of_it(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_text("outside")
    layer = tar(
        symlink("way", f"{tmp_path}/outside"),
        symlink("up", "../../../../../../.." + str(tmp_path / "outside")),
        entry("way/f", b"image"),
    )
    path = small_image(tmp_path / "image.tar", layers=[layer])
    target = tmp_path / "exported"
    with session(tmp_path / "state") as running:
        look = f"cat {tmp_path}/outside/f; echo w >/way/w; echo u >/up/u"
        assert running.leaf(running.image(path, step(look, salt="look"))) == "image"
        for rest in (
            'withNewFile(path: "/way/n", contents: "n") { file(path: "/way/n") { contents } }',
            'withNewFile(path: "/up/n", contents: "n") { file(path: "/up/n") { contents } }',
        ):
            assert running.leaf(running.image(path, rest)) == "n"
        running.leaf(running.image(path, f'{step(look, f"""rootfs {{ export(path: "{target}") }}""", salt="look")}'))
    assert names(tmp_path / "outside") == ["f"]
    assert (tmp_path / "outside" / "f").read_text() == "outside"


# Registries.


@contextmanager
def silent_registry() -> Iterator[str]:
    """Accepts connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    accepted.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in accepted:
                connection.close()


def test_a_pull_that_hangs_is_called_off_when_its_client_goes(running):
    with silent_registry() as host:
        connection = running.sent(f'{{ container {{ from(address: "{host}/image:1") {{ id }} }} }}')
        assert eventually(lambda: any("skopeo" in command for command in commands(running.processes())))
        connection.close()
        assert eventually(lambda: not any("skopeo" in command for command in commands(running.processes())), 10)


async def test_a_registry_that_hangs_is_an_error_after_some_time(tmp_path, monkeypatch):
    monkeypatch.setattr(skopeo, "_QUESTION_SECONDS", 0.5)
    with (
        silent_registry() as host,
        pytest.raises(ImageError, match=r"cannot be reached for image:1 .*check the address"),
    ):
        await skopeo.SkopeoRegistry(scratch=tmp_path).manifest(parse_reference(f"{host}/image:1"), [])
    assert list(tmp_path.iterdir()) == []
