"""Images in and out of a real session, beyond the recorded cases."""

from __future__ import annotations

import json
import stat
import tarfile

import dagger
import pytest
from dagger import ImageLayerCompression, ImageMediaTypes

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"


@pytest.fixture
def tiny(dag):
    """An image of one small layer."""
    return dag.container().with_new_file("/f", "x")


class Image:
    """What is in an archive."""

    def __init__(self, path):
        with tarfile.open(path) as archive:
            self.members = {member.name.rstrip("/"): member for member in archive}
            self._data = {name: archive.extractfile(m).read() for name, m in self.members.items() if m.isfile()}
        self.index = json.loads(self._data["index.json"])
        self.descriptor = self.index["manifests"][0]
        self.manifest = self.json(self.descriptor)
        self.config = self.json(self.manifest["config"]) if "config" in self.manifest else None

    def json(self, descriptor):
        return json.loads(self._data["blobs/" + descriptor["digest"].replace(":", "/")])

    def blob(self, descriptor):
        return self._data["blobs/" + descriptor["digest"].replace(":", "/")]


async def exported(container, tmp_path, **options):
    return Image(await container.export(str(tmp_path / "image.tar"), **options))


async def test_an_export_gives_the_absolute_path_and_makes_its_folders(tiny, workdir):
    path = await tiny.export("out/deep/x.tar")
    assert path == str(workdir / "out/deep/x.tar")
    assert stat.S_IMODE((workdir / "out/deep/x.tar").stat().st_mode) == 0o600
    assert stat.S_IMODE((workdir / "out").stat().st_mode) == 0o700


async def test_an_export_replaces_a_file(tiny, tmp_path):
    (tmp_path / "image.tar").write_text("old")
    assert (await exported(tiny, tmp_path)).manifest["layers"]


async def test_an_export_onto_a_directory_is_refused(tiny, tmp_path):
    message = f'destination "{tmp_path}" is a directory; must be a file path unless allowParentDirPath is set'
    with pytest.raises(dagger.QueryError, match=message):
        await tiny.export(str(tmp_path))


async def test_the_archive_has_these_members_with_these_modes(tiny, tmp_path):
    image = await exported(tiny, tmp_path)
    modes = {name: oct(member.mode) for name, member in image.members.items() if name.count("/") < 2}
    assert modes == {
        "blobs": "0o755",
        "blobs/sha256": "0o755",
        "index.json": "0o644",
        "manifest.json": "0o644",
        "oci-layout": "0o444",
    }
    assert {oct(m.mode) for name, m in image.members.items() if name.count("/") == 2} == {"0o444"}
    assert list(image.members) == sorted(image.members)
    assert len(image.index["manifests"]) == 1
    assert "annotations" not in image.descriptor


async def test_a_tarball_is_root_s_alone_and_named(tiny):
    tarball = tiny.as_tarball()
    assert await tarball.name() == "container.tar"
    assert await tarball.stat().permissions() == 0o600


@pytest.mark.parametrize(
    ("options", "manifest", "config", "layer"),
    [
        ({}, f"{OCI}.manifest.v1+json", f"{OCI}.config.v1+json", f"{OCI}.layer.v1.tar+gzip"),
        (
            {"forced_compression": ImageLayerCompression.Zstd},
            f"{OCI}.manifest.v1+json",
            f"{OCI}.config.v1+json",
            f"{OCI}.layer.v1.tar+zstd",
        ),
        (
            {"forced_compression": ImageLayerCompression.Uncompressed},
            f"{OCI}.manifest.v1+json",
            f"{OCI}.config.v1+json",
            f"{OCI}.layer.v1.tar",
        ),
        (
            {"media_types": ImageMediaTypes.DockerMediaTypes},
            f"{DOCKER}.distribution.manifest.v2+json",
            f"{DOCKER}.container.image.v1+json",
            f"{DOCKER}.image.rootfs.diff.tar.gzip",
        ),
    ],
)
async def test_media_types_are_those_asked_for(tiny, tmp_path, options, manifest, config, layer):
    image = await exported(tiny, tmp_path, **options)
    assert image.descriptor["mediaType"] == manifest
    assert image.manifest["config"]["mediaType"] == config
    assert [found["mediaType"] for found in image.manifest["layers"]] == [layer]


async def test_an_image_of_the_same_platform_twice_is_refused(dag, tiny, tmp_path):
    with pytest.raises(dagger.QueryError, match='duplicate platform "linux/amd64"'):
        await (
            dag.container(platform=dagger.Platform("linux/amd64"))
            .with_rootfs(tiny.rootfs())
            .export(
                str(tmp_path / "x.tar"),
                platform_variants=[dag.container(platform=dagger.Platform("linux/amd64")).with_rootfs(tiny.rootfs())],
            )
        )


async def test_an_image_of_nothing_is_refused(dag, tmp_path):
    for ask in (dag.container().export(str(tmp_path / "x.tar")), dag.container().as_tarball().size()):
        with pytest.raises(dagger.QueryError, match="no containers to export"):
            await ask


async def test_the_config_has_just_what_was_set(dag, tiny, tmp_path):
    container = (
        tiny.with_env_variable("A", "1")
        .with_entrypoint(["e"])
        .with_default_args(["d"])
        .with_label("l", "1")
        .with_exposed_port(80)
        .with_user("u")
        .with_workdir("/w")
        .with_docker_healthcheck(["true"], interval="10s", retries=2)
    )
    image = await exported(container, tmp_path)
    assert list(image.config) == sorted(image.config)
    assert set(image.config) == {"architecture", "config", "created", "history", "os", "rootfs"}
    assert image.config["config"] == {
        "Env": ["A=1"],
        "Entrypoint": ["e"],
        "Cmd": ["d"],
        "Labels": {"l": "1"},
        "ExposedPorts": {"80/tcp": {}},
        "User": "u",
        "WorkingDir": "/w",
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 10_000_000_000, "Retries": 2},
    }


async def test_the_history_has_one_entry_for_each_layer(dag, debian, tmp_path):
    container = (
        debian.with_env_variable("A", "1")
        .with_exec(sh("echo x > /x"))
        .with_new_file("/d/f", "x")
        .with_symlink("f", "/d/l")
        .without_file("/x")
        .with_directory("/e", dag.directory())
    )
    image = await exported(container, tmp_path)
    history = image.config["history"]
    assert [entry["created_by"] for entry in history[1:]] == [
        "mount / from exec sh -c echo x > /x",
        "withfile /d/f f",
        "symlink /d/l -> f",
        "without /x",
        "Directory.withDirectory",
    ]
    assert {entry["comment"] for entry in history} == {"buildkit.exporter.image.v0"}
    assert len(history) == len(image.manifest["layers"]) == len(image.config["rootfs"]["diff_ids"])
    assert image.config["created"] == history[-1]["created"]


async def test_annotations_are_in_the_manifest_and_its_descriptor(tiny, tmp_path):
    image = await exported(tiny.with_annotation("a", "b"), tmp_path)
    assert image.manifest["annotations"] == image.descriptor["annotations"] == {"a": "b"}


async def test_a_removed_file_is_a_whiteout_and_stays_away(dag, debian, tmp_path):
    removed = debian.without_file("/etc/hostname").without_file("/etc/passwd")
    path = await removed.export(str(tmp_path / "x.tar"))
    assert await dag.container().import_(dag.host().file(path)).exists("/etc/passwd") is False
    layer = Image(path).manifest["layers"][-1]
    (tmp_path / "layer").write_bytes(Image(path).blob(layer))
    with tarfile.open(tmp_path / "layer") as archive:
        assert [name for name in archive.getnames() if ".wh." in name] == ["etc/.wh.passwd"]


async def test_an_import_replaces_the_configuration(dag, tiny, tmp_path):
    path = await tiny.with_env_variable("IMAGE", "1").with_label("image", "1").export(str(tmp_path / "x.tar"))
    before = dag.container().with_env_variable("MINE", "1").with_label("mine", "1").with_exposed_port(80)
    imported = before.with_mounted_temp("/t").import_(dag.host().file(path))
    assert await imported.env_variable("MINE") is None
    assert await imported.env_variable("IMAGE") == "1"
    assert await imported.label("mine") is None
    assert await imported.exposed_ports() == []
    assert await imported.mounts() == ["/t"]


async def test_an_import_of_what_is_no_image_is_refused(dag):
    with pytest.raises(dagger.QueryError):
        await dag.container().import_(dag.file("x.tar", "no archive")).sync()


@pytest.mark.parametrize("address", ["UPPER", "a b", "debian:", "@sha256:1"])
async def test_a_wrong_address_is_refused(dag, address):
    with pytest.raises(dagger.QueryError, match=r"failed to parse image address .*: invalid reference format"):
        await dag.container().from_(address).sync()


async def test_equal_containers_give_equal_tarballs(dag):
    one, other = (dag.container().with_new_file("/same", "x").as_tarball() for _ in range(2))
    assert await one.digest(exclude_metadata=True) == await other.digest(exclude_metadata=True)
