"""What the machine has, and what is missing."""

from __future__ import annotations

import json
import os

import pytest

from tests.engine.command_line import CommandLine

pytestmark = pytest.mark.root


@pytest.fixture
def dagger(tmp_path):
    return CommandLine(tmp_path / "state")


def checks(ended) -> dict[str, dict]:
    return {check["name"]: check for check in json.loads(ended.stdout)["checks"]}


def test_every_check_is_one_line(dagger):
    ended = dagger("doctor")
    lines = ended.stdout.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["ok"] * 5
    for name in (
        "root",
        "mount namespace",
        "PID namespace",
        "network namespace",
        "overlayfs",
        "/dev/net/tun",
        "skopeo",
    ):
        assert sum(f" {name}  " in line for line in lines) == 1


def test_nothing_is_left_behind(dagger, tmp_path):
    dagger("doctor")
    assert list(tmp_path.iterdir()) == []


def test_missing_programs_are_named_with_one_line_to_install_them(dagger, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "runc").symlink_to("/bin/true")
    ended = dagger("doctor", "--json", PATH=str(tmp_path / "bin"))
    assert ended.code == 1
    found = checks(ended)
    assert found["crun or runc"]["ok"]
    assert not found["skopeo"]["ok"]
    assert json.loads(ended.stdout)["install"] == [
        "git", "iproute2", "mmdebstrap", "nftables", "skopeo", "slirp4netns", "tini",
    ]  # fmt: skip
    text = dagger("doctor", PATH=str(tmp_path / "bin")).stdout
    assert text.endswith(
        "  apt-get install --yes --no-install-recommends git iproute2 mmdebstrap nftables skopeo slirp4netns tini\n"
    )


def test_missing_privileges_are_named_one_by_one(dagger):
    ended = dagger("doctor", "--json", wrapper=("setpriv", "--bounding-set=-sys_admin"))
    assert ended.code == 1
    found = checks(ended)
    for name in ("mount namespace", "PID namespace", "network namespace", "overlayfs"):
        assert not found[name]["ok"]
        assert "--privileged" in found[name]["remedy"]
    assert found["root"]["ok"]


def test_a_store_that_overlayfs_cannot_be_on_is_told(dagger):
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("no second file system")
    ended = dagger("doctor", "--json", DJANGO_IMAGE_STATE="/proc/nowhere/state")
    assert not checks(ended)["overlayfs"]["ok"]
    assert "DJANGO_IMAGE_STATE" in checks(ended)["overlayfs"]["remedy"]
