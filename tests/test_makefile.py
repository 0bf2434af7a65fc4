"""The entry points of a fresh clone: make, and what it installs before anything else."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
TARGETS = ["build", "check", "smoke", "prove", "test", "lint", "format", "dev", "down", "load", "clean", "help"]


def make(*arguments: str) -> str:
    return subprocess.run(["make", *arguments], check=True, cwd=REPOSITORY, capture_output=True, text=True).stdout


def test_help_lists_every_target() -> None:
    assert sorted(re.findall(r"^  make (\w+) +\S", make("help"), re.MULTILINE)) == sorted(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_commands_that_make_understands(target: str) -> None:
    assert make("--dry-run", target).strip()


def test_ci_runs_all_four_proofs_and_stops_at_the_first_failure() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text()
    assert "set -euo pipefail" in script
    assert sorted(re.findall(r"^step make (\w+)$", script, re.MULTILINE)) == ["build", "check", "smoke", "test"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the bootstrap reads, with an environment that is up to date."""
    root = tmp_path / "clone"
    (root / "bin").mkdir(parents=True)
    for name in ("bin/bootstrap", "uv.lock", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, root / name)
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/false")
    state = subprocess.run(["sha256sum", "uv.lock", "pyproject.toml"], check=True, cwd=root, capture_output=True).stdout
    (root / ".venv" / ".bootstrapped").write_bytes(state)
    return root


def bootstrap(
    clone: Path, programs: list[str], *, user: str = "0", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the bootstrap on a machine that has `programs` and nothing else."""
    directory = clone / "programs"
    directory.mkdir()
    for name in ("dirname", "uname", "sha256sum", "cat", "mktemp", "tail", "rm"):
        (directory / name).symlink_to(shutil.which(name) or name)
    for name in programs:
        (directory / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{clone}/calls\n[ ! -f {clone}/broken ]\n')
    (directory / "id").write_text(f"#!/bin/sh\necho {user}\n")
    for path in directory.iterdir():
        if not path.is_symlink():
            path.chmod(0o755)
    return subprocess.run(
        [clone / "bin" / "bootstrap"],
        check=False,
        env={"PATH": str(directory), **environment},
        capture_output=True,
        text=True,
    )


ALL = ["git", "crun", "skopeo", "ip", "slirp4netns", "nft", "tini-static", "mmdebstrap", "gpgv"]


def test_where_nothing_is_missing_no_package_manager_is_asked(clone: Path) -> None:
    done = bootstrap(clone, [*ALL, "apt-get"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (clone / "calls").exists()


def test_root_gets_exactly_the_packages_that_are_missing(clone: Path) -> None:
    done = bootstrap(clone, [*(set(ALL) - {"crun", "tini-static"}), "apt-get"])
    assert done.returncode == 0, done.stderr
    assert (clone / "calls").read_text().splitlines() == [
        "apt-get update",
        "apt-get install --yes --no-install-recommends crun tini",
    ]


def test_another_user_gets_the_exact_command_and_nothing_is_installed(clone: Path) -> None:
    done = bootstrap(clone, [*(set(ALL) - {"skopeo"}), "apt-get"], user="1000")
    assert done.returncode == 1
    assert "run: sudo apt-get update && sudo apt-get install --yes --no-install-recommends skopeo" in done.stderr
    assert not (clone / "calls").exists()


def test_a_machine_without_apt_is_told_what_it_lacks(clone: Path) -> None:
    done = bootstrap(clone, ["git"])
    assert done.returncode == 1
    assert "error: this machine lacks crun skopeo iproute2" in done.stderr


def test_dagger_needs_none_of_the_embedded_engines_programs(clone: Path) -> None:
    assert bootstrap(clone, ["git"], ENGINE="dagger").returncode == 0


def test_a_failed_installation_says_so_and_stops(clone: Path) -> None:
    (clone / "broken").touch()
    done = bootstrap(clone, ["git", "apt-get"])
    assert done.returncode == 1
    assert "error: apt-get could not install" in done.stderr
