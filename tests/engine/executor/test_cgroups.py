from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.executor.cgroups import Cgroups

pytestmark = pytest.mark.root

_MOUNTS = Path("/proc/thread-self/mountinfo")


def _at_cgroup() -> int:
    return sum(line.split()[4] == "/sys/fs/cgroup" for line in _MOUNTS.read_text().splitlines())


def test_the_cover_is_there_while_it_is_used() -> None:
    before = _at_cgroup()
    hybrid = Path("/sys/fs/cgroup/unified").is_dir()
    cgroups = Cgroups()
    with cgroups.hidden():
        with cgroups.hidden():
            assert _at_cgroup() == before + hybrid
            assert not Path("/sys/fs/cgroup/unified").exists()
        assert _at_cgroup() == before + hybrid
    assert _at_cgroup() == before


def test_the_host_itself_is_never_covered() -> None:
    if not Path("/sys/fs/cgroup/unified").is_dir():
        pytest.skip("this machine has no hybrid layout")
    script = (
        "from engine.executor.cgroups import Cgroups; from engine.errors import HostError\n"
        "try:\n with Cgroups().hidden(): print('covered')\n"
        "except HostError as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "only inside namespaces of the engine's own" in result.stdout
