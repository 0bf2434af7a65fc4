"""Unix sockets with any path."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine.core.tree import Owner
from engine.errors import EngineError
from engine.network.unix_sockets import check_socket, connect_unix, listen_unix


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


OWN = Owner(uid=os.geteuid(), gid=os.getegid())


async def test_a_socket_is_its_owners_alone_however_long_its_path(tmp_path):
    path = tmp_path / ("x" * 120) / "s"
    path.parent.mkdir()
    old = os.umask(0)
    try:
        listener = listen_unix(path, OWN)
    finally:
        os.umask(old)
    with listener:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        check_socket(path)
        async with await connect_unix(path) as stream:
            listener.settimeout(10)
            accepted, _ = listener.accept()
            with accepted:
                accepted.sendall(b"x")
                assert await stream.receive() == b"x"


def test_only_a_socket_is_one(tmp_path):
    (tmp_path / "plain").touch()
    for name, reason in (("plain", "it is something else"), ("none", "no such file or directory")):
        with pytest.raises(EngineError, match=f"the host has no socket {tmp_path}/{name}: {reason}"):
            check_socket(tmp_path / name)


def test_a_failure_leaves_no_open_socket(tmp_path):
    (tmp_path / "s").touch()
    before = _descriptors()
    with pytest.raises(OSError, match="Address already in use"):
        listen_unix(tmp_path / "s", OWN)
    assert _descriptors() == before
