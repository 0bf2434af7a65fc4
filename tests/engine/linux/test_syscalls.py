"""System calls that Python lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.linux.syscalls import MS_NOATIME, mount, syncfs, umount2


def test_a_failing_call_raises_with_number_and_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        umount2(tmp_path / "missing")
    assert caught.value.filename == str(tmp_path / "missing")


@pytest.mark.root
def test_flags_and_options_arrive(tmp_path: Path) -> None:
    mount("tmpfs", tmp_path, "tmpfs", MS_NOATIME, "size=64k")
    line = next(line for line in Path("/proc/thread-self/mounts").read_text().splitlines() if str(tmp_path) in line)
    umount2(tmp_path)
    assert "noatime" in line
    assert "size=64k" in line


def test_a_file_system_can_be_synced(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    syncfs(descriptor)
    os.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        syncfs(descriptor)


@pytest.mark.root
def test_namespaces_are_left_and_entered() -> None:
    script = (
        "import os\n"
        "from engine.linux.syscalls import CLONE_NEWUTS, PR_SET_PDEATHSIG, prctl, setns, unshare\n"
        "name = '/proc/self/ns/uts'\n"
        "before, own = os.readlink(name), os.open(name, os.O_RDONLY)\n"
        "unshare(CLONE_NEWUTS)\n"
        "assert os.readlink(name) != before\n"
        "setns(own, CLONE_NEWUTS)\n"
        "assert os.readlink(name) == before\n"
        "prctl(PR_SET_PDEATHSIG, 9)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
