"""Images to and from the host's Docker: a small program of that name that keeps archives in a folder."""

from __future__ import annotations

import json
import os
import tarfile
from contextlib import suppress

import dagger
import pytest
from beartype.roar import BeartypeCallHintReturnViolation

pytestmark = pytest.mark.root

FAKE = """#!/bin/sh
echo "$@" >> "$FAKE_DOCKER/calls"
case "$1 $2" in
  "version --format") [ -e "$FAKE_DOCKER/up" ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }; echo 1;;
  "image load") cp "$5" "$FAKE_DOCKER/loaded.tar"; echo "Loaded image";;
  "image save") cp "$FAKE_DOCKER/loaded.tar" "$4" 2>/dev/null || { echo "Error: No such image: $5" >&2; exit 1; };;
  *) exit 9;;
esac
"""


@pytest.fixture
def docker(tmp_path):
    folder = tmp_path / "docker"
    folder.mkdir()
    (folder / "docker").write_text(FAKE)
    (folder / "docker").chmod(0o755)
    (folder / "up").touch()
    return folder


@pytest.fixture
def session_environ(docker):
    return {"PATH": f"{docker}:{os.environ['PATH']}", "FAKE_DOCKER": str(docker)}


async def export_image(container, name):
    """Call it through the SDK, which objects to its own return value (0.21.11) when all went well."""
    with suppress(BeartypeCallHintReturnViolation):
        await container.export_image(name)


async def test_an_image_is_loaded_under_its_whole_name(session, docker):
    container = session.container().with_new_file("/f", "x").with_env_variable("A", "1")
    await export_image(container, "app")
    with tarfile.open(docker / "loaded.tar") as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
        index = json.load(archive.extractfile("index.json"))
    assert manifest[0]["RepoTags"] == ["docker.io/library/app:latest"]
    assert index["manifests"][0]["annotations"]["io.containerd.image.name"] == "docker.io/library/app:latest"


async def test_an_image_comes_back(session, docker):
    await export_image(session.container().with_new_file("/f", "x").with_env_variable("A", "1"), "app:1")
    back = session.host().container_image("app:1")
    assert await back.file("/f").contents() == "x"
    assert await back.env_variable("A") == "1"
    assert (docker / "calls").read_text().splitlines()[-1].endswith("docker.io/library/app:1")


async def test_an_image_that_is_not_there_is_an_error(session, docker):
    with pytest.raises(dagger.QueryError, match=r'cannot get image "docker.io/library/none:latest": .*No such image'):
        await session.host().container_image("none").sync()
    with pytest.raises(dagger.QueryError, match="invalid reference format"):
        await session.host().container_image("Not A Name").sync()


async def test_without_docker_the_error_says_what_to_do(session, docker):
    (docker / "up").unlink()
    for action in (
        session.container().with_new_file("/f", "").export_image("x"),
        session.host().container_image("x").sync(),
    ):
        with pytest.raises(dagger.QueryError, match=r"client has no supported api for .* image: .*Container.export"):
            await action
