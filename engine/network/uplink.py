"""The session's way out: slirp4netns carries its traffic through sockets of the host, which is not changed."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.linux.process import missing
from engine.network.bridge import UPLINK, way_out_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.network.namespaces import Namespace

RESOLVER = "10.0.2.3"
"""Where slirp4netns answers DNS, by the resolver of the host."""

_PATIENCE_SECONDS = 5
_log = logging.getLogger(__name__)


@contextmanager
def uplink(namespace: Namespace, program: str = "slirp4netns") -> Iterator[bool]:
    """Connect a session's namespace to the world; False, with a line on the log, when that can not be. Blocking."""
    found, device = shutil.which(program), Path("/dev/net/tun")
    if not found or not device.exists():
        reason = f"{device} is missing" if found else missing(program)
        _log.warning("containers reach each other but nothing else: %s", reason)
        yield False
        return
    namespace.run(["nft", "-f", "-"], way_out_rules())
    namespace.call(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
    readable, ready = os.pipe()
    process = subprocess.Popen(
        uplink_command(found, namespace.path, ready),
        pass_fds=[ready],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(ready)
    try:
        yield _is_ready(readable)
    finally:
        process.kill()
        process.wait(_PATIENCE_SECONDS)


def uplink_command(program: str, namespace: Path, ready: int) -> Sequence[str]:
    """Give the command line; `ready` is the descriptor that gets a byte once the link is up."""
    return [
        program,
        "--configure",
        "--mtu=65520",
        "--disable-host-loopback",
        f"--ready-fd={ready}",
        "--netns-type=path",
        os.fspath(namespace),
        UPLINK,
    ]


def _is_ready(readable: int) -> bool:
    with os.fdopen(readable, "rb") as file:
        if file.read(1):
            return True
    _log.warning("containers reach each other but nothing else: slirp4netns did not start")
    return False
