from __future__ import annotations

import sys

from startup.server import server_command


def test_the_server_is_started_as_agreed():
    command = " ".join(server_command(workers=4, port=8000))
    assert command.startswith(
        f"{sys.executable} -m gunicorn config.wsgi:application --bind 0.0.0.0:8000 --workers 4 --timeout 120"
    )
    assert "--worker-tmp-dir /dev/shm" in command
    assert "--access-logfile - --error-logfile -" in command
