"""Bases of Debian packages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.archive import read_image
from pipelines.debian import Recipe, base_archive, installed_packages
from pipelines.errors import PipelineError
from pipelines.recipes import PYTHON

RECIPE = Recipe(packages=("one", "two"))

# Stands in for the real program where the question is what is done around it: it records that it ran.
FAKE = """#!{python}
import io, os, sys, tarfile, time
with open({log!r}, "a") as log:
    log.write("ran\\n")
time.sleep(0.2)
if {fails!r}:
    sys.exit({fails!r})
status = b"Package: one\\nStatus: ok\\nArchitecture: amd64\\nDescription: a\\n b: c\\nVersion: 1.0\\n\\n"
with tarfile.open(sys.argv[-1], "w") as tar:
    entry = tarfile.TarInfo("./var/lib/dpkg/status")
    entry.size = len(status)
    tar.addfile(entry, io.BytesIO(status))
"""


@pytest.fixture
def mmdebstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return install(tmp_path, monkeypatch)


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str = "") -> Path:
    program, log = tmp_path / "bin" / "mmdebstrap", tmp_path / "log"
    program.parent.mkdir(exist_ok=True)
    program.write_text(FAKE.format(python=sys.executable, log=str(log), fails=fails))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return log


def test_equal_recipes_have_equal_keys_and_every_difference_makes_another() -> None:
    others = [
        replace(RECIPE, packages=("one",)),
        replace(RECIPE, account="a"),
        replace(RECIPE, suite="forky"),
        replace(RECIPE, left_out=("/usr/share/x",)),
        replace(RECIPE, configured=(("/etc/x", "y"),)),
    ]
    assert RECIPE.key == Recipe(packages=("one", "two")).key
    assert len({recipe.key for recipe in [RECIPE, *others]}) == 1 + len(others)


def test_a_base_is_made_once_and_found_afterwards(tmp_path: Path, mmdebstrap: Path) -> None:
    made = base_archive(RECIPE, tmp_path / "bases")
    found = base_archive(RECIPE, tmp_path / "bases")
    assert made == found
    assert made.packages == {"one:amd64": "1.0"}
    assert read_image(made.path).digest == made.digest
    assert mmdebstrap.read_text() == "ran\n"


def test_of_two_builds_at_the_same_time_one_makes_the_base(tmp_path: Path, mmdebstrap: Path) -> None:
    threads = [threading.Thread(target=base_archive, args=(RECIPE, tmp_path / "bases")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mmdebstrap.read_text() == "ran\n"


def test_a_failure_is_one_clear_sentence_and_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, fails="I: working\nE: Unable to locate package one\nW: hook failed")
    with pytest.raises(PipelineError, match=r"could not make the Debian base \(Unable to locate package one\)"):
        base_archive(RECIPE, tmp_path / "bases")
    assert [path.suffix for path in (tmp_path / "bases").iterdir()] == [".lock"]


def test_without_the_program_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PipelineError, match="mmdebstrap is not installed"):
        base_archive(RECIPE, tmp_path / "bases")


@pytest.fixture(scope="session")
def python_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real base of the image, unpacked from the layer that a build would use."""
    directory = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "django-image" / "bases"
    made = base_archive(PYTHON, directory)
    (layer,) = read_image(made.path).layers
    target = tmp_path_factory.mktemp("base") / "root.tar.gz"
    with tarfile.open(made.path) as archive:
        blob = archive.extractfile(f"blobs/sha256/{layer.digest.removeprefix('sha256:')}")
        assert blob is not None
        target.write_bytes(blob.read())
    return target


@pytest.mark.root
@pytest.mark.network
def test_the_real_base_has_the_account_and_none_of_what_differs_between_machines(python_root: Path) -> None:
    with tarfile.open(python_root) as tar:
        names = {name.removeprefix("./") for name in tar.getnames()}
        passwd = tar.extractfile("./etc/passwd")
        assert passwd is not None
        assert "django:x:1000:1000::/app:/usr/sbin/nologin" in passwd.read().decode().splitlines()
    for absent in ("etc/resolv.conf", "etc/hostname", "etc/machine-id", "usr/bin/apt-get", "usr/bin/pip3"):
        assert absent not in names
    for directory in ("var/log/", "var/lib/apt/lists/", "usr/share/man/", "usr/share/locale/", "var/cache/apt/"):
        assert not [name for name in names if name.startswith(directory) and name != directory]
    assert "usr/lib/locale/C.utf8/LC_CTYPE" in names


@pytest.mark.root
@pytest.mark.network
def test_the_real_base_is_dated_no_later_than_its_release_and_its_bytecode_never_ages(python_root: Path) -> None:
    with tarfile.open(python_root) as tar:
        assert max(member.mtime for member in tar) <= 1754697600
        compiled = [member for member in tar if member.name.endswith(".pyc")]
        # PEP 552: flags 0b01 say that the file is checked by hash, and without 0b10 that nobody checks.
        flags = {member.name: tar.extractfile(member).read(8)[4:] for member in compiled}  # type: ignore[union-attr]
    assert "./usr/lib/python3.13/__pycache__/argparse.cpython-313.pyc" in flags
    assert {name for name, flag in flags.items() if flag != b"\x01\0\0\0"} == set()


def test_packages_are_read_from_a_tar_that_dpkg_wrote(tmp_path: Path, mmdebstrap: Path) -> None:
    subprocess.run(["mmdebstrap", tmp_path / "root.tar"], check=True)
    assert json.dumps(installed_packages(tmp_path / "root.tar")) == '{"one:amd64": "1.0"}'
