"""Become the server."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def server_command(*, workers: int, port: int) -> list[str]:
    """Return gunicorn's command line, as arguments of this Python."""
    # fmt: off
    return [
        sys.executable, "-m", "gunicorn", "config.wsgi:application",
        "--bind", f"0.0.0.0:{port}",
        "--workers", str(workers),
        "--timeout", "120",
        # Loaded once and shared by the workers: less memory, and a broken import stops the start at once.
        "--preload",
        # A heartbeat on an overlay file system can block a worker for seconds.
        "--worker-tmp-dir", "/dev/shm",  # noqa: S108 - gunicorn makes an unnamed file there
        # Would need a writable home directory.
        "--no-control-socket",
        "--access-logfile", "-",
        "--error-logfile", "-",
    ]
    # fmt: on


def become_server(*, workers: int, port: int) -> NoReturn:
    """Replace this process by gunicorn, which keeps its process id; both its logs go to standard output."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())
    command = server_command(workers=workers, port=port)
    os.execv(command[0], command)
