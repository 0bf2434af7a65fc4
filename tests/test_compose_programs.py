"""bin/compose and bin/load-image, on machines that have one or another Docker."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
DIGEST = "sha256:" + "5f" * 32


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory of programs that has what any machine has, and no Docker."""
    directory = tmp_path / "programs"
    directory.mkdir()
    for name in ("sh", "sed", "tail"):
        (directory / name).symlink_to(shutil.which(name) or name)
    return directory


def program(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def run(programs: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [REPOSITORY / "bin" / name, *arguments]
    return subprocess.run(command, check=False, env={"PATH": str(programs)}, capture_output=True, text=True)


def test_the_plugin_is_taken_where_docker_has_it(programs: Path) -> None:
    program(programs, "docker", 'echo "plugin $*"')
    program(programs, "docker-compose", 'echo "program $*"')
    assert run(programs, "compose", "-f", "a b.yml", "up").stdout == "plugin compose -f a b.yml up\n"


def test_the_older_program_is_taken_where_docker_has_no_plugin(programs: Path) -> None:
    program(programs, "docker", 'echo "docker: unknown command: docker $1" >&2; exit 1')
    program(programs, "docker-compose", 'echo "program $*"; exit 3')
    done = run(programs, "compose", "down")
    assert (done.returncode, done.stdout, done.stderr) == (3, "program down\n", "")


def test_a_machine_with_neither_is_told_so(programs: Path) -> None:
    done = run(programs, "compose", "up")
    assert done.returncode == 1
    assert done.stderr.startswith("error: neither `docker compose` nor docker-compose is installed")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "an archive.tar"
    path.touch()
    return path


@pytest.mark.parametrize("said", [f"Loaded image ID: {DIGEST}", f"Loaded image: {DIGEST}"])
def test_the_loaded_image_gets_its_name(programs: Path, archive: Path, said: str) -> None:
    calls = archive.with_name("calls")
    program(programs, "docker", f'echo "$*" >>{calls}\n[ "$1" = load ] && echo "{said}" || :')
    done = run(programs, "load-image", str(archive), "api:local")
    assert (done.returncode, done.stdout) == (0, f"api:local is {DIGEST}\n")
    assert calls.read_text().splitlines() == [f"load --quiet --input {archive}", f"tag {DIGEST} api:local"]


def test_an_archive_that_is_not_there_names_what_makes_it(programs: Path) -> None:
    done = run(programs, "load-image", "nowhere.tar", "api:local")
    assert (done.returncode, done.stderr) == (1, "error: there is no nowhere.tar; `make build` writes it\n")


def test_a_machine_without_docker_is_told_so(programs: Path, archive: Path) -> None:
    done = run(programs, "load-image", str(archive), "api:local")
    assert done.returncode == 1
    assert done.stderr.startswith("error: docker is not installed")


def test_a_failed_load_names_nothing(programs: Path, archive: Path) -> None:
    program(programs, "docker", 'echo "Cannot connect to the Docker daemon" >&2; exit 1')
    done = run(programs, "load-image", str(archive), "api:local")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Cannot connect" in done.stderr


def test_an_answer_without_an_image_is_an_error(programs: Path, archive: Path) -> None:
    program(programs, "docker", "echo surprise")
    done = run(programs, "load-image", str(archive), "api:local")
    assert done.returncode == 1
    assert done.stderr == "error: docker load did not say which image it loaded: surprise\n"
