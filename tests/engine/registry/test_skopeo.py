"""Registries through skopeo, against a real one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from engine.core.digest import Digest
from engine.core.login import Login
from engine.errors import ImageError
from engine.oci.reference import Reference, parse_reference
from engine.registry.skopeo import SkopeoRegistry, explain, is_loopback
from tests.registries import PASSWORD, USERNAME, RunningRegistry, running_registry
from tests.tars import ImageArchive, entry, sha256, tar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LAYERS = [tar(entry("f", b"one")), tar(entry("g", b"two" * 10_000))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with running_registry(tmp_path_factory.mktemp("registry") / "open") as registry:
        yield registry


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with running_registry(tmp_path_factory.mktemp("registry") / "locked", login=True) as registry:
        yield registry


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """Everything that is in passing must be gone at the end."""
    (tmp_path / "scratch").mkdir()
    yield tmp_path / "scratch"
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.fixture
def skopeo(scratch: Path) -> SkopeoRegistry:
    return SkopeoRegistry(scratch=scratch)


def _layout(folder: Path, *, index: bool = False) -> tuple[Path, str]:
    """A layout directory of one image or an index of two; gives its root's digest too."""
    archive = ImageArchive()
    for platform in ("linux/amd64", "linux/arm64") if index else ("linux/amd64",):
        archive.image(*_LAYERS, platform=platform, annotations={"note": "kept"}, named_platform=index)
    root = archive.manifests[0]
    if index:
        data = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": archive.manifests,
        }
        root = archive.blob(json.dumps(data).encode(), "application/vnd.oci.image.index.v1+json")
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    for digest, data in archive.blobs.items():
        (blobs / digest.removeprefix("sha256:")).write_bytes(data)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [root]}))
    return folder, str(root["digest"])


def _at(server: RunningRegistry, repository: str, tag: str = "v1") -> Reference:
    return parse_reference(f"{server.host}/{repository}:{tag}")


@pytest.mark.parametrize("index", [False, True])
async def test_what_is_sent_is_what_the_layout_has_byte_for_byte(
    skopeo: SkopeoRegistry,
    server: RunningRegistry,
    tmp_path: Path,
    index: bool,  # noqa: FBT001
) -> None:
    layout, digest = _layout(tmp_path / "layout", index=index)
    await skopeo.upload(layout, _at(server, "sent"), [])
    _, data = server.manifest("sent", "v1")
    assert sha256(data) == digest
    assert await skopeo.manifest(_at(server, "sent"), []) == data


async def test_an_image_comes_back_by_its_digest(
    skopeo: SkopeoRegistry, server: RunningRegistry, tmp_path: Path
) -> None:
    layout, digest = _layout(tmp_path / "layout")
    await skopeo.upload(layout, _at(server, "back"), [])
    reference = _at(server, "back").with_digest(Digest(digest))
    manifest = json.loads(await skopeo.manifest(reference, []))
    assert sha256(await skopeo.config(reference, [])) == manifest["config"]["digest"]
    await skopeo.download(reference, tmp_path / "blobs", [])
    for layer in _LAYERS:
        assert (tmp_path / "blobs" / sha256(layer).replace(":", "/")).read_bytes() == layer


async def test_a_blob_that_is_there_is_not_fetched(
    skopeo: SkopeoRegistry, server: RunningRegistry, tmp_path: Path
) -> None:
    layout, digest = _layout(tmp_path / "layout")
    await skopeo.upload(layout, _at(server, "there"), [])
    blobs = tmp_path / "blobs/sha256"
    blobs.mkdir(parents=True)
    (blobs / sha256(_LAYERS[1])[7:]).write_bytes(_LAYERS[1])
    await skopeo.download(_at(server, "there").with_digest(Digest(digest)), tmp_path / "blobs", [])
    fetched = server.requests("GET", "/v2/there/blobs/")
    assert [sha256(layer) in " ".join(fetched) for layer in _LAYERS] == [True, False]


async def test_a_download_that_was_cut_off_goes_on_with_what_is_whole(
    skopeo: SkopeoRegistry, server: RunningRegistry, tmp_path: Path
) -> None:
    layout, digest = _layout(tmp_path / "layout")
    await skopeo.upload(layout, _at(server, "cut"), [])
    stored = server.data / f"docker/registry/v2/blobs/sha256/{sha256(_LAYERS[1])[7:9]}/{sha256(_LAYERS[1])[7:]}/data"
    whole = stored.read_bytes()
    reference = _at(server, "cut").with_digest(Digest(digest))
    stored.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match=server.host):
        await skopeo.download(reference, tmp_path / "blobs", [])
    assert not (tmp_path / "blobs" / sha256(_LAYERS[1]).replace(":", "/")).exists()
    stored.write_bytes(whole)
    await skopeo.download(reference, tmp_path / "blobs", [])
    assert (tmp_path / "blobs" / sha256(_LAYERS[1]).replace(":", "/")).read_bytes() == whole


async def test_a_login_opens_the_registry(skopeo: SkopeoRegistry, locked: RunningRegistry, tmp_path: Path) -> None:
    layout, digest = _layout(tmp_path / "layout")
    login = Login(host=locked.host, username=USERNAME, password=PASSWORD)
    await skopeo.upload(layout, _at(locked, "mine"), [login])
    assert sha256(await skopeo.manifest(_at(locked, "mine"), [login])) == digest
    await skopeo.download(_at(locked, "mine").with_digest(Digest(digest)), tmp_path / "blobs", [login])
    assert (tmp_path / "blobs" / sha256(_LAYERS[0]).replace(":", "/")).exists()


async def test_dockers_configuration_opens_the_registry(scratch: Path, locked: RunningRegistry, tmp_path: Path) -> None:
    helper = tmp_path / "bin/docker-credential-test"
    helper.parent.mkdir()
    helper.write_text(f"""#!/bin/sh\ncat >/dev/null; echo '{{"Username":"{USERNAME}","Secret":"{PASSWORD}"}}'\n""")
    helper.chmod(0o755)
    (tmp_path / "config.json").write_text('{"credsStore": "test"}')
    layout, digest = _layout(tmp_path / "layout")
    registry = SkopeoRegistry(scratch=scratch, docker_config=tmp_path / "config.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(helper.parent), prepend=":")
        await registry.upload(layout, _at(locked, "helped"), [])
        assert sha256(await registry.manifest(_at(locked, "helped"), [])) == digest


@pytest.mark.parametrize("password", [None, "wrong"])
async def test_no_or_a_wrong_login_is_refused_in_one_sentence(
    skopeo: SkopeoRegistry, locked: RunningRegistry, tmp_path: Path, password: str | None
) -> None:
    logins = [Login(host=locked.host, username=USERNAME, password=password)] if password else []
    layout, _ = _layout(tmp_path / "layout")
    for attempt in (skopeo.manifest(_at(locked, "x"), logins), skopeo.upload(layout, _at(locked, "x"), logins)):
        with pytest.raises(ImageError) as error:
            await attempt
        text = str(error.value)
        assert text.startswith(f"the registry {locked.host} refuses access to x:v1 (unauthorized")
        assert "withRegistryAuth" in text
        assert "wrong" not in text


@pytest.mark.parametrize("reference", ["none:v1", "sent:v2", f"sent@sha256:{'0' * 64}"])
async def test_what_is_not_there_is_named(skopeo: SkopeoRegistry, server: RunningRegistry, reference: str) -> None:
    with pytest.raises(ImageError, match=f"the registry {server.host} does not have {reference} \\(manifest unknown"):
        await skopeo.manifest(parse_reference(f"{server.host}/{reference}"), [])


async def test_a_registry_that_does_not_listen_is_named(skopeo: SkopeoRegistry) -> None:
    with pytest.raises(ImageError, match=r"the registry localhost:1 cannot be reached for app:v1 .*connection refused"):
        await skopeo.manifest(parse_reference("localhost:1/app:v1"), [])


async def test_a_name_that_nobody_has_is_named(skopeo: SkopeoRegistry) -> None:
    with pytest.raises(ImageError, match=r"the registry registry\.invalid cannot be reached"):
        await skopeo.manifest(parse_reference("registry.invalid/app:v1"), [])


@pytest.mark.parametrize(
    ("domain", "answer"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.9.9.9", True),
        ("[::1]:5000", True),
        ("10.0.0.1:5000", False),
        ("localhost.example.org", False),
        ("ghcr.io", False),
    ],
)
def test_plain_http_is_for_loopback_addresses_only(domain: str, answer: bool) -> None:  # noqa: FBT001
    assert is_loopback(domain) is answer


@pytest.mark.parametrize(
    ("message", "part"),
    [
        (
            'pinging container registry r: Get \\"https://r/v2/\\": http: server gave HTTP response to HTTPS client',
            "TLS",
        ),
        ('Get \\"https://r/v2/\\": x509: certificate signed by unknown authority', "certificate"),
        ("writing blob: initiating layer upload: denied: requested access to the resource is denied", "refuses access"),
        ('initializing image: unsupported docker v2s2 media type: \\"x\\"', "OCI media types"),
        ("something new", "failed for app:v1: something new"),
    ],
)
def test_what_skopeo_says_is_explained(message: str, part: str) -> None:
    output = f'`skopeo copy` failed with exit code 1\ntime="2024" level=fatal msg="{message}"'
    assert part in str(explain(output, parse_reference("registry.example.org/app:v1")))
