from __future__ import annotations

import resource
from pathlib import Path

from engine.executor.host import _capabilities, this_host


def test_capabilities_are_named_by_their_bits() -> None:
    assert _capabilities("Name:\tx\nCapPrm:\t0000000000200001\n") == {"CAP_CHOWN", "CAP_SYS_ADMIN"}
    assert len(_capabilities("CapPrm:\t000001ffffffffff\n")) == 41


def test_no_more_files_than_this_process_may_open() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    given = this_host(Path("/init")).open_files
    assert given <= 1048576
    assert hard in (given, resource.RLIM_INFINITY) or hard > given


def test_devices_are_those_of_the_machine() -> None:
    null = next(device for device in this_host(Path("/init")).devices if device.path == "/dev/null")
    assert (null.kind, null.major, null.minor) == ("c", 1, 3)
    assert all(not device.path.startswith("/dev/pts/") for device in this_host(Path("/init")).devices)
