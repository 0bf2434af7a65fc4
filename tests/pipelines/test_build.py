"""The built image, as it is in its archive."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import secrets
import tarfile
from pathlib import Path
from typing import Any

import pytest

from pipelines.archive import read_image
from pipelines.settings import from_env
from tests.pipelines.running import pipelines

pytestmark = [pytest.mark.root, pytest.mark.network, pytest.mark.slow]

BASE, DEPENDENCIES, DIRECTORIES, CODE, STATIC = range(5)


class Image:
    """An archive with the entries of each layer."""

    def __init__(self, archive: Path) -> None:
        image = read_image(archive)
        self.config: Any = image.config
        self.layers: list[dict[str, tarfile.TarInfo]] = []
        self.bytes: list[bytes] = []
        with tarfile.open(archive) as outer:
            for layer in image.layers:
                blob = outer.extractfile(f"blobs/sha256/{layer.digest.removeprefix('sha256:')}")
                assert blob is not None
                self.bytes.append(gzip.decompress(blob.read()))
                with tarfile.open(fileobj=io.BytesIO(self.bytes[-1])) as inner:
                    self.layers.append({member.name.removeprefix("./"): member for member in inner})

    def everywhere(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, layer in enumerate(self.layers):
            for name, member in layer.items():
                if not member.isdir():
                    found.setdefault(name, []).append(number)
        return found

    def content(self, layer: int, name: str) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(self.bytes[layer])) as inner:
            member = inner.extractfile(self.layers[layer][name])
            assert member is not None
            return member.read()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist") / "api.oci.tar"
    report = pipelines("build", "--json", "--output", str(target)).json
    assert report["digest"] == read_image(target).digest
    return target


@pytest.fixture(scope="module")
def image(archive: Path) -> Image:
    return Image(archive)


def test_there_is_one_layer_for_each_reason_to_change(image: Image) -> None:
    assert len(image.layers) == 5
    assert "usr/bin/python3.13" in image.layers[BASE]
    assert "opt/venv/bin/python" in image.layers[DEPENDENCIES]
    assert set(image.layers[DIRECTORIES]) == {"app", "app/media", "app/staticfiles"}
    assert "app/manage.py" in image.layers[CODE]
    assert "app/staticfiles/admin/css/base.css" in image.layers[STATIC]


def test_no_file_is_in_two_layers_and_none_is_removed_again(image: Image) -> None:
    assert {name: layers for name, layers in image.everywhere().items() if len(layers) > 1} == {}
    assert [name for name in image.everywhere() if Path(name).name.startswith(".wh.")] == []


def test_app_and_its_writable_directories_belong_to_the_user_in_every_layer(image: Image) -> None:
    for name in ("app", "app/staticfiles", "app/media"):
        found = [(layer[name].mode, layer[name].uid, layer[name].gid) for layer in image.layers if name in layer]
        assert set(found) == {(0o755, 1000, 1000)}


def test_nothing_that_only_a_build_needs_is_in_the_image(image: Image) -> None:
    names = image.everywhere()
    unwanted = re.compile(
        r"(^|/)(uv|uvx|pip3?|gcc|cc|apt-get|\.git|\.env|\.env\..*|uv\.lock|conftest\.py|certificates\.pem)$"
    )
    assert [name for name in names if unwanted.search(name)] == []
    assert [name for name in names if name.startswith(("app/tests/", "root/.cache/", "build/", "layer/"))] == []


def test_the_bytecode_of_every_dependency_is_there_and_never_checked(image: Image) -> None:
    layer = image.layers[DEPENDENCIES]
    compiled = [name for name in layer if name.endswith(".pyc")]
    assert "opt/venv/lib/python3.13/site-packages/django/__pycache__/__init__.cpython-313.pyc" in compiled
    with tarfile.open(fileobj=io.BytesIO(image.bytes[DEPENDENCIES])) as tar:
        flags = {tar.extractfile(layer[name]).read(8)[4:] for name in compiled}  # type: ignore[union-attr]
    assert flags == {b"\x01\0\0\0"}


def test_every_time_is_fixed_or_the_commits(image: Image) -> None:
    for number in (DEPENDENCIES, DIRECTORIES, CODE):
        assert {member.mtime for member in image.layers[number].values()} == {1754697600}
    assert len({member.mtime for member in image.layers[STATIC].values()}) == 1


def test_the_configuration_is_that_of_the_contract(image: Image) -> None:
    config = image.config["config"]
    assert config["User"] == "1000:1000"
    assert config["WorkingDir"] == "/app"
    assert config["Entrypoint"] == ["/opt/venv/bin/python", "-m", "startup"]
    assert config["Cmd"] == ["web"]
    assert config["ExposedPorts"] == {"8000/tcp": {}}
    assert config["Healthcheck"]["Test"] == ["CMD", "/opt/venv/bin/python", "-m", "startup", "health"]
    environment = dict(entry.split("=", 1) for entry in config["Env"])
    assert environment["DJANGO_SETTINGS_MODULE"] == "config.settings.production"
    assert environment["PATH"].startswith("/opt/venv/bin:")
    assert (environment["PYTHONUNBUFFERED"], environment["PYTHONDONTWRITEBYTECODE"]) == ("1", "1")


def test_the_labels_name_title_version_revision_time_and_base(image: Image) -> None:
    labels = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in image.config["config"]["Labels"].items()
    }
    assert labels["title"] == "emr-api"
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", labels["revision"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", labels["created"])
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", labels["base.digest"])
    assert set(labels) >= {"version", "base.name"}


def test_the_values_of_the_build_are_in_no_layer_and_no_configuration(image: Image) -> None:
    assert "build.invalid" not in json.dumps(image.config)
    assert "SECRET_KEY" not in json.dumps(image.config)
    for number in (DIRECTORIES, CODE, STATIC):
        assert b"build.invalid" not in image.bytes[number]


def test_the_static_files_are_recorded_beside_the_code_and_among_themselves(image: Image) -> None:
    inside = image.content(STATIC, "app/staticfiles/.collected.json")
    assert image.content(STATIC, "app/.collected.json") == inside
    assert "admin/css/base.css" in json.loads(inside)["files"]


def test_an_edit_of_a_view_changes_the_code_layer_alone(project: Path, tmp_path: Path) -> None:
    digests = []
    for edit in ("", "\n# edited\n"):
        with (project / "config" / "health.py").open("a") as view:
            view.write(edit)
        output = tmp_path / "api.oci.tar"
        report = pipelines("build", "--json", "--project", str(project), "--output", str(output)).json
        digests.append([layer["digest"] for layer in report["layers"]])
    before, after = digests
    assert [number for number in range(5) if before[number] != after[number]] == [CODE]
    assert [layer["cached"] for layer in report["layers"]] == [True, True, True, False, True]
    assert report["notes"][0].startswith("git cannot tell the commit of")


def test_an_edit_that_changes_no_static_file_compresses_none_again(project: Path, tmp_path: Path) -> None:
    steps = {}
    for name, edit in (("view", "\n# edited\n"), ("style", None)):
        pipelines("build", "--project", str(project), "--output", str(tmp_path / "x.tar"))
        if edit:
            with (project / "config" / "health.py").open("a") as view:
                view.write(f"{edit}# {secrets.token_hex(8)}\n")
        else:
            style = project / "patients" / "static" / "patients" / "style.css"
            style.parent.mkdir(parents=True)
            style.write_text(f".a{secrets.token_hex(8)} {{}}\n" * 100)
        run = pipelines("build", "--project", str(project), "--output", str(tmp_path / "x.tar"))
        done = [line for line in run.errors.splitlines() if "collect.py /tmp/to-compress.json" in line]
        steps[name] = [line.partition("json ")[2].rsplit(maxsplit=1)[0] for line in done if line.endswith("s]")]
    assert steps["view"] == ["collectstatic --noinput DONE", "CACHED"]
    assert steps["style"] == ["collectstatic --noinput DONE", "DONE"]


def test_every_static_file_that_gains_by_it_is_compressed(image: Image) -> None:
    static = {name for name in image.layers[STATIC] if name.startswith("app/staticfiles/")}
    for suffix in (".br", ".gz"):
        assert f"app/staticfiles/admin/css/base.css{suffix}" in static
        assert any(re.search(rf"admin/css/base\.[0-9a-f]{{12}}\.css{suffix}$", name) for name in static)
    with tarfile.open(fileobj=io.BytesIO(image.bytes[STATIC])) as tar:
        packed, plain = (tar.extractfile(f"app/staticfiles/admin/css/base.css{suffix}") for suffix in (".gz", ""))
        assert packed is not None
        assert plain is not None
        assert gzip.decompress(packed.read()) == plain.read()


def test_modes_and_times_of_the_checkout_change_nothing(project: Path, tmp_path: Path, archive: Path) -> None:
    for path in project.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    output = tmp_path / "api.oci.tar"
    pipelines("build", "--project", str(project), "--output", str(output))
    found, expected = read_image(output).layers, read_image(archive).layers
    assert [layer.diff_id for layer in found[:STATIC]] == [layer.diff_id for layer in expected[:STATIC]]


def test_a_lock_file_that_does_not_match_is_one_clear_sentence(project: Path, tmp_path: Path) -> None:
    document = project / "pyproject.toml"
    document.write_text(document.read_text().replace('"gunicorn>=23"', '"gunicorn>=23", "six"'))
    run = pipelines("build", "--project", str(project), "--output", str(tmp_path / "x.tar"))
    assert run.code == 1
    assert run.errors.splitlines()[-1].startswith("error: uv.lock does not match pyproject.toml")
    assert "Traceback" not in run.errors
    assert not (tmp_path / "x.tar").exists()


def test_a_collectstatic_that_fails_is_one_clear_sentence(project: Path, tmp_path: Path) -> None:
    with (project / "config" / "settings" / "production.py").open("a") as settings:
        settings.write('\nSTATIC_ROOT = "/nowhere/staticfiles"\n')
    run = pipelines("build", "--project", str(project), "--output", str(tmp_path / "x.tar"))
    assert run.code == 1
    assert "error: collecting the static files failed: PermissionError" in run.errors.splitlines()[-1]


def test_a_full_disk_is_one_clear_sentence_and_the_old_archive_stays(tmp_path: Path) -> None:
    script = f"""
    mount -t tmpfs -o size=1m none {tmp_path} && echo old > {tmp_path}/api.oci.tar
    "$@"; code=$?
    ls -A {tmp_path}; cat {tmp_path}/api.oci.tar
    exit $code
    """
    before = ("unshare", "--mount", "sh", "-c", script, "sh")
    run = pipelines("build", "--output", str(tmp_path / "api.oci.tar"), before=before)
    assert run.code == 1
    assert "error: the disk is full" in run.errors
    assert run.output.split() == ["api.oci.tar", "old"]


def test_a_build_from_nothing_gives_the_same_image(tmp_path: Path, archive: Path) -> None:
    bases = from_env({**os.environ}, project=None, output=None, engine=None, base=None).bases
    (tmp_path / "django-image").mkdir()
    (tmp_path / "django-image" / "bases").symlink_to(bases)
    output = tmp_path / "again.tar"
    pipelines("build", "--output", str(output), XDG_CACHE_HOME=str(tmp_path))
    # Not the digest: a compressor of another version may have packed layers that are still in this machine's cache.
    assert read_image(output).config == read_image(archive).config
