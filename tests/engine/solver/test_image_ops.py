"""Images in and out, on the real store and a real registry."""

from __future__ import annotations

import json
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from engine.core.digest import Digest
from engine.core.image_config import ImageConfig
from engine.core.platform import Platform
from engine.core.tree import EMPTY, SnapshotId
from engine.errors import DigestMismatch, ImageError
from engine.linux.process import run
from engine.oci.compression import Compression
from engine.oci.manifest import MediaTypes
from engine.oci.reference import Reference, parse_reference
from engine.registry.skopeo import SkopeoRegistry
from engine.solver.image_ops import ImageOps, ImageVariant, ImportedImage
from engine.store.opening import Store, opened_store
from tests.registries import RunningRegistry, running_registry
from tests.tars import ImageArchive, entry, sha256, tar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.core.login import Login

pytestmark = pytest.mark.root

_AMD, _ARM = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
_ONE, _TWO = tar(entry("f", b"one")), tar(entry("g", b"two"), entry("d/h", b"three"))


class _Engine:
    """A store and what works on it."""

    def __init__(self, store: Store, scratch: Path) -> None:
        scratch.mkdir()
        self.scratch = scratch
        self.store = store
        self.registry = SkopeoRegistry(scratch=scratch)
        self.ops = ImageOps(
            snapshots=store.snapshots,
            blobs=store.blobs,
            cache_map=store.cache_map,
            registry=self.registry,
            scratch=scratch,
        )

    async def change(self, parent: SnapshotId, *names: str, description: str = "change") -> SnapshotId:
        async with self.store.snapshots.stage(parent) as staged:
            for name in names:
                (staged.root / name).parent.mkdir(exist_ok=True)
                (staged.root / name).write_text(name)
            return await staged.commit(description)

    async def files(self, image: ImportedImage) -> dict[str, str]:
        async with self.store.snapshots.view(image.snapshot) as root:
            return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


@contextmanager
def _opened(folder: Path) -> Iterator[_Engine]:
    folder.mkdir()
    with opened_store(folder / "state") as store:
        yield _Engine(store, folder / "scratch")
        assert list((folder / "scratch").iterdir()) == []


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[_Engine]:
    with _opened(tmp_path / "engine") as engine:
        yield engine


@pytest.fixture
def other(tmp_path: Path) -> Iterator[_Engine]:
    """Another machine."""
    with _opened(tmp_path / "other") as engine:
        yield engine


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningRegistry]:
    with running_registry(tmp_path / "registry") as registry:
        yield registry


def _archive(folder: Path, *layers: bytes, **fields: object) -> Path:
    archive = ImageArchive()
    archive.image(*layers, **fields)  # type: ignore[arg-type]
    path = folder / f"{len(list(folder.iterdir()))}.tar"
    path.write_bytes(archive.tar())
    return path


def _variant(snapshot: SnapshotId, platform: Platform = _AMD, **fields: object) -> ImageVariant:
    config = ImageConfig(user="7", env=(("A", "1"),), entrypoint=("e",))
    return ImageVariant(snapshot=snapshot, config=config, platform=platform, **fields)  # type: ignore[arg-type]


def _read(path: Path) -> tuple[dict, dict, dict[str, bytes]]:
    """Index, first manifest, members."""
    with tarfile.open(path) as archive:
        members = {info.name: archive.extractfile(info).read() for info in archive if info.isfile()}
    index = json.loads(members["index.json"])
    manifest = json.loads(members["blobs/" + index["manifests"][0]["digest"].replace(":", "/")])
    return index, manifest, members


async def test_an_archive_becomes_a_snapshot_and_a_configuration(engine: _Engine, tmp_path: Path) -> None:
    config = {"Env": ["X=1"], "User": "9", "Cmd": ["c"]}
    image = await engine.ops.import_archive(_archive(tmp_path, _ONE, _TWO, config=config), platform=_AMD)
    assert await engine.files(image) == {"f": "one", "g": "two", "d/h": "three"}
    assert (image.config, image.platform) == (ImageConfig.from_json(config), _AMD)
    assert len(engine.store.snapshots.lineage(image.snapshot)) == 2


async def test_images_share_the_layers_they_have_in_common(engine: _Engine, tmp_path: Path) -> None:
    first = await engine.ops.import_archive(_archive(tmp_path, _ONE), platform=_AMD)
    second = await engine.ops.import_archive(_archive(tmp_path, _ONE, _TWO), platform=_AMD)
    assert engine.store.snapshots.lineage(second.snapshot)[0] == first.snapshot


async def test_an_archive_that_is_known_by_its_digest_is_not_opened_again(engine: _Engine, tmp_path: Path) -> None:
    path = _archive(tmp_path, _ONE, tag="a", annotations={"k": "v"})
    key = Digest(sha256(path.read_bytes()))
    first = await engine.ops.import_archive(path, tag="a", platform=_AMD, key=key)
    path.unlink()
    assert await engine.ops.import_archive(path, tag="a", platform=_AMD, key=key) == first
    with pytest.raises(FileNotFoundError):
        await engine.ops.import_archive(path, tag="", platform=_AMD, key=key)


async def test_an_image_without_layers_is_the_empty_tree(engine: _Engine, tmp_path: Path) -> None:
    path = _archive(tmp_path)
    for _ in range(2):
        image = await engine.ops.import_archive(path, platform=_AMD, key=Digest(sha256(b"empty")))
        assert image.snapshot == EMPTY


async def test_imported_layers_stay_as_they_were_and_new_ones_follow(engine: _Engine, tmp_path: Path) -> None:
    import gzip

    packed = gzip.compress(_ONE, 1)
    image = await engine.ops.import_archive(_archive(tmp_path, packed, diff_ids=[sha256(_ONE)]), platform=_AMD)
    changed = await engine.change(image.snapshot, "d/new", description="mount / from exec touch d/new")
    await engine.ops.export_archive([_variant(changed)], out=tmp_path / "out.tar")
    _, manifest, members = _read(tmp_path / "out.tar")
    assert [layer["mediaType"].rpartition(".")[2] for layer in manifest["layers"]] == ["tar+gzip", "tar+gzip"]
    assert manifest["layers"][0]["digest"] == sha256(packed)
    config = json.loads(members["blobs/" + manifest["config"]["digest"].replace(":", "/")])
    assert [one["created_by"] for one in config["history"]] == [
        f"import image layer {sha256(packed)}",
        "mount / from exec touch d/new",
    ]
    assert config["config"] == {"User": "7", "Env": ["A=1"], "Entrypoint": ["e"]}
    second = gzip.decompress(members["blobs/" + manifest["layers"][1]["digest"].replace(":", "/")])
    assert config["rootfs"]["diff_ids"] == [sha256(_ONE), sha256(second)]


async def test_layers_of_other_compressions_are_exported_as_gzip_unless_forced(engine: _Engine, tmp_path: Path) -> None:
    image = await engine.ops.import_archive(_archive(tmp_path, _ONE), platform=_AMD)
    for compression, end in ((None, "tar+gzip"), (Compression.ZSTD, "tar+zstd"), (Compression.NONE, "v1.tar")):
        await engine.ops.export_archive([_variant(image.snapshot)], compression=compression, out=tmp_path / "out.tar")
        _, manifest, members = _read(tmp_path / "out.tar")
        assert manifest["layers"][0]["mediaType"].endswith(end)
        config = json.loads(members["blobs/" + manifest["config"]["digest"].replace(":", "/")])
        assert config["rootfs"]["diff_ids"] == [sha256(_ONE)]


async def test_equal_variants_make_equal_archives(engine: _Engine, tmp_path: Path) -> None:
    snapshot = await engine.change(await engine.change(EMPTY, "a"), "b")
    digests = [await engine.ops.export_archive([_variant(snapshot)], out=tmp_path / name) for name in ("one", "two")]
    assert digests[0] == digests[1] == _read(tmp_path / "one")[0]["manifests"][0]["digest"]
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


async def test_an_export_comes_back_the_same(engine: _Engine, other: _Engine, tmp_path: Path) -> None:
    snapshot = await engine.change(await engine.change(EMPTY, "a", "d/b"), "c")
    variant = _variant(snapshot, annotations={"k": "v"})
    await engine.ops.export_archive([variant], out=tmp_path / "out.tar")
    back = await other.ops.import_archive(tmp_path / "out.tar", platform=_AMD)
    assert (back.config, back.platform, back.annotations) == (variant.config, _AMD, {"k": "v"})
    assert await other.files(back) == {"a": "a", "d/b": "d/b", "c": "c"}


async def test_variants_without_files_are_dropped_and_the_rest_is_an_index(engine: _Engine, tmp_path: Path) -> None:
    snapshot = await engine.change(EMPTY, "a")
    variants = [_variant(EMPTY), _variant(snapshot, _ARM), _variant(snapshot, _AMD)]
    await engine.ops.export_archive(variants, out=tmp_path / "out.tar")
    for platform in (_AMD, _ARM):
        assert (await engine.ops.import_archive(tmp_path / "out.tar", platform=platform)).platform == platform
    with pytest.raises(ImageError, match="no containers to export"):
        await engine.ops.export_archive([_variant(EMPTY)], out=tmp_path / "none.tar")
    with pytest.raises(ImageError, match="duplicate platform"):
        await engine.ops.export_archive([_variant(snapshot), _variant(snapshot)], out=tmp_path / "none.tar")
    assert not (tmp_path / "none.tar").exists()


@pytest.mark.parametrize("media_types", MediaTypes)
@pytest.mark.parametrize("compression", [Compression.GZIP, Compression.NONE])
async def test_other_programs_read_the_archive(
    engine: _Engine, tmp_path: Path, media_types: MediaTypes, compression: Compression
) -> None:
    snapshot = await engine.change(EMPTY, "a", "d/b")
    out = tmp_path / "out.tar"
    await engine.ops.export_archive([_variant(snapshot)], compression=compression, media_types=media_types, out=out)
    for transport in ("oci-archive", "docker-archive"):
        command = ["skopeo", "inspect", "--config", f"{transport}:{out}"]
        found = json.loads((await run(command)).stdout)
        assert found["config"] == {"User": "7", "Env": ["A=1"], "Entrypoint": ["e"]}


async def test_umoci_unpacks_what_was_exported(engine: _Engine, tmp_path: Path) -> None:
    first = await engine.change(EMPTY, "gone", "d/old", "kept")
    async with engine.store.snapshots.stage(first) as staged:
        (staged.root / "gone").unlink()
        (staged.root / "d/old").unlink()
        (staged.root / "d").rmdir()
        (staged.root / "d").mkdir()
        (staged.root / "d/new").write_text("new")
        second = await staged.commit("remove")
    await engine.ops.export_archive([_variant(second)], out=tmp_path / "out.tar")
    copy = ["skopeo", "copy", "--quiet", f"oci-archive:{tmp_path}/out.tar", f"oci:{tmp_path}/layout:it"]
    await run(copy)
    unpack = ["umoci", "raw", "unpack", "--image", f"{tmp_path}/layout:it", str(tmp_path / "root")]
    await run(unpack)
    names = sorted(str(path.relative_to(tmp_path / "root")) for path in (tmp_path / "root").rglob("*"))
    assert names == ["d", "d/new", "kept"]


# Registries.


def _at(server: RunningRegistry, repository: str = "app", tag: str = "v1") -> Reference:
    return parse_reference(f"{server.host}/{repository}:{tag}")


async def test_the_published_manifest_is_that_of_the_archive(
    engine: _Engine, server: RunningRegistry, tmp_path: Path
) -> None:
    variant = _variant(await engine.change(EMPTY, "a"), annotations={"note": "kept"})
    digest = await engine.ops.publish([variant], _at(server))
    assert digest == await engine.ops.export_archive([variant], out=tmp_path / "out.tar")
    media_type, data = server.manifest("app", "v1")
    assert (sha256(data), media_type) == (digest, MediaTypes.OCI.manifest)
    assert json.loads(data)["annotations"] == {"note": "kept"}


@pytest.mark.parametrize(
    ("media_types", "compression"),
    [
        (MediaTypes.OCI, Compression.GZIP),
        (MediaTypes.OCI, Compression.ZSTD),
        (MediaTypes.OCI, Compression.NONE),
        (MediaTypes.DOCKER, Compression.GZIP),
        (MediaTypes.DOCKER, Compression.NONE),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
async def test_every_form_is_sent_unchanged_and_comes_back(
    engine: _Engine,
    other: _Engine,
    server: RunningRegistry,
    media_types: MediaTypes,
    compression: Compression,
    count: int,
) -> None:
    snapshot = await engine.change(await engine.change(EMPTY, "a"), "b")
    variants = [_variant(snapshot, platform) for platform in (_AMD, _ARM)[:count]]
    digest = await engine.ops.publish(variants, _at(server), compression=compression, media_types=media_types)
    media_type, data = server.manifest("app", "v1")
    assert (sha256(data), media_type) == (digest, media_types.index if count > 1 else media_types.manifest)
    for variant in variants:
        pulled = await other.ops.pull(_at(server), variant.platform)
        assert (pulled.digest, pulled.image.platform, pulled.image.config) == (digest, variant.platform, variant.config)
        assert await other.files(pulled.image) == {"a": "a", "b": "b"}


async def test_zstd_under_dockers_types_is_refused_with_advice(engine: _Engine, server: RunningRegistry) -> None:
    variant = _variant(await engine.change(EMPTY, "a"))
    with pytest.raises(ImageError, match="use OCI media types, or gzip"):
        await engine.ops.publish([variant], _at(server), compression=Compression.ZSTD, media_types=MediaTypes.DOCKER)


async def test_a_pulled_image_says_its_canonical_name_with_the_digest(engine: _Engine, server: RunningRegistry) -> None:
    digest = await engine.ops.publish(
        [_variant(await engine.change(EMPTY, "a"))], parse_reference(f"{server.host}/app")
    )
    pulled = await engine.ops.pull(parse_reference(f"{server.host}/app"), _AMD)
    assert str(pulled.reference) == f"{server.host}/app:latest@{digest}"
    by_digest = await engine.ops.pull(parse_reference(f"{server.host}/app@{digest}"), _AMD)
    assert str(by_digest.reference) == f"{server.host}/app@{digest}"
    assert by_digest.image == pulled.image


async def test_a_digest_that_is_in_the_store_needs_no_registry(engine: _Engine, other: _Engine, tmp_path: Path) -> None:
    with running_registry(tmp_path / "short-lived") as server:
        digest = await engine.ops.publish([_variant(await engine.change(EMPTY, "a"))], _at(server))
        first = await other.ops.pull(_at(server), _AMD)
    again = await other.ops.pull(_at(server).with_digest(digest), _AMD)
    assert again.image == first.image
    with pytest.raises(ImageError, match="cannot be reached"):
        await other.ops.pull(_at(server), _AMD)


async def test_layers_that_are_known_are_not_fetched_again(
    engine: _Engine, other: _Engine, server: RunningRegistry
) -> None:
    base = await engine.change(EMPTY, "a")
    await engine.ops.publish([_variant(base)], _at(server, tag="base"))
    await other.ops.pull(_at(server, tag="base"), _AMD)
    fetched = len(server.requests("GET", "/blobs/"))
    await engine.ops.publish([_variant(await engine.change(base, "b"))], _at(server, tag="more"))
    assert await other.files((await other.ops.pull(_at(server, tag="more"), _AMD)).image) == {"a": "a", "b": "b"}
    _, manifest = server.manifest("app", "more")
    layers = [layer["digest"] for layer in json.loads(manifest)["layers"]]
    asked = server.requests("GET", "/blobs/")[fetched:]
    assert [any(layer in one for one in asked) for layer in layers] == [False, True]


async def test_an_image_whose_layers_are_all_known_fetches_its_configuration_alone(
    engine: _Engine, other: _Engine, server: RunningRegistry
) -> None:
    snapshot = await engine.change(EMPTY, "a")
    await engine.ops.publish([_variant(snapshot)], _at(server))
    await other.ops.pull(_at(server), _AMD)
    fetched = len(server.requests("GET", "/blobs/"))
    await engine.ops.publish([ImageVariant(snapshot=snapshot, config=ImageConfig(), platform=_AMD)], _at(server))
    assert (await other.ops.pull(_at(server), _AMD)).image.config == ImageConfig()
    assert len(server.requests("GET", "/blobs/")) == fetched + 1


async def test_a_manifest_that_is_not_what_its_digest_says_is_refused(
    engine: _Engine, other: _Engine, server: RunningRegistry
) -> None:
    digest = await engine.ops.publish([_variant(await engine.change(EMPTY, "a"))], _at(server))
    stored = server.data / f"docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"
    stored.write_bytes(stored.read_bytes().replace(b"schemaVersion", b"schemaversion"))
    with pytest.raises((DigestMismatch, ImageError)):
        await other.ops.pull(_at(server).with_digest(digest), _AMD)


class _LyingRegistry:
    """Gives a manifest or a configuration that is not what was asked for."""

    def __init__(self, honest: SkopeoRegistry, lie: str) -> None:
        self._honest = honest
        self._lie = lie

    async def manifest(self, reference: Reference, logins: Sequence[Login]) -> bytes:
        return await self._honest.manifest(reference, logins) + (b" " if self._lie == "manifest" else b"")

    async def config(self, reference: Reference, logins: Sequence[Login]) -> bytes:
        return await self._honest.config(reference, logins) + (b" " if self._lie == "config" else b"")

    async def download(self, reference: Reference, blobs: Path, logins: Sequence[Login]) -> None:
        await self._honest.download(reference, blobs, logins)

    async def upload(self, layout: Path, reference: Reference, logins: Sequence[Login]) -> None:
        await self._honest.upload(layout, reference, logins)


@pytest.mark.parametrize("lie", ["manifest", "config"])
async def test_what_a_registry_answers_is_checked_against_its_digest(
    engine: _Engine, other: _Engine, server: RunningRegistry, lie: str
) -> None:
    digest = await engine.ops.publish([_variant(await engine.change(EMPTY, "a"))], _at(server))
    ops = ImageOps(
        snapshots=other.store.snapshots,
        blobs=other.store.blobs,
        cache_map=other.store.cache_map,
        registry=_LyingRegistry(other.registry, lie),
        scratch=other.scratch,
    )
    with pytest.raises(DigestMismatch, match="the registry answered with"):
        await ops.pull(_at(server).with_digest(digest), _AMD)


async def test_a_platform_that_the_index_lacks_is_named(engine: _Engine, server: RunningRegistry) -> None:
    snapshot = await engine.change(EMPTY, "a")
    await engine.ops.publish([_variant(snapshot, _AMD), _variant(snapshot, _ARM)], _at(server))
    with pytest.raises(ImageError, match="no manifest for platform linux/s390x"):
        await engine.ops.pull(_at(server), Platform.parse("linux/s390x"))
