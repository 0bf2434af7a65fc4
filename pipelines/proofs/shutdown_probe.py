"""Become the image's command as process 1, and leave an observer that stops it with requests in flight.

`shutdown_probe.py FACTS COMMAND …` forks the observer and executes COMMAND in its own place. The observer writes what
it sees to FACTS, one JSON object a line, for it ends when process 1 does. pipelines/proofs/shutdown.py judges.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

READY_SECONDS = 60
GRACE_SECONDS = 10
_HELD_SECONDS = 1.0
_HEED_SECONDS = 5.0
_PAUSE = 0.05
_PORT = 8000

# Each request with the part that is sent only after the signal: in the head, and in the body that a view waits for.
_HEAD = "{line}\r\nHost: {host}\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n"
_REQUESTS = {
    "whose body is on its way": (
        "POST /api/auth/token/ HTTP/1.1",
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{",
        "}",
    ),
    "whose head is on its way": ("GET /api/health/ HTTP/1.1", "Accept: application/json\r\n", "\r\n"),
}


class Journal:
    """What was seen so far: whoever reads it has everything up to the end of process 1."""

    def __init__(self, path: Path) -> None:
        # Kept open as long as this process lives.
        self._file = path.open("w", buffering=1)

    def write(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - whatever JSON can say
        """Add one line."""
        self._file.write(json.dumps({"event": event, "at": time.monotonic(), **facts}) + "\n")


def main(arguments: list[str]) -> None:
    """Fork the observer, then become the command."""
    facts, command = Path(arguments[0]), arguments[1:]
    # Made before anything can end: a command that does so at once leaves an empty journal, not none.
    journal = Journal(facts)
    if os.fork() == 0:
        observe(journal)
        # Ends with process 1, and not before: its end would be an event in the life of its new parent.
        while True:
            time.sleep(1)
    os.execvp(command[0], command)  # noqa: S606 - the command is the image's own


def observe(journal: Journal) -> None:
    """Wait for the server, hold requests open, stop it, finish the requests, watch it end."""
    if not _ready():
        journal.write("never ready", command=_command(1))
        _end_by_force(journal)
        return
    journal.write("ready", command=_command(1), children=[_command(pid) for pid in _children()])
    # Longer than the server takes to have more than one worker.
    time.sleep(_HELD_SECONDS)
    held = {name: _begin(line, part) for name, (line, part, _rest) in _REQUESTS.items()}
    time.sleep(_HELD_SECONDS)
    early = [name for name, connection in held.items() if _answered(connection)]
    journal.write("signal", held=list(held), early=early)
    os.kill(1, signal.SIGTERM)
    time.sleep(_HELD_SECONDS)
    # One after the other: as long as the last is open the server lives, and what the first saw is written.
    for name, connection in held.items():
        journal.write("answer", request=name, **_finish(connection, _REQUESTS[name][2]))
    _watch(journal)


def _ready() -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", _PORT, timeout=5)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/api/health/", headers={"Host": _host(), "X-Forwarded-Proto": "https"})
            if connection.getresponse().status == http.HTTPStatus.OK:
                return True
        connection.close()
        time.sleep(0.2)
    return False


def _host() -> str:
    return os.environ["PROBE_HOST"]


def _begin(line: str, part: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", _PORT), timeout=GRACE_SECONDS)
    connection.sendall((_HEAD.format(line=line, host=_host()) + part).encode())
    return connection


def _answered(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(GRACE_SECONDS)
    return True


def _finish(connection: socket.socket, rest: str) -> dict[str, Any]:
    try:
        connection.sendall(rest.encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return {"status": f"{type(error).__name__}: {error}"}
    return {"status": answer.status, "bytes": len(body), "whole": answer.getheader("Content-Length") == str(len(body))}


def _watch(journal: Journal) -> None:
    """Write a line as long as process 1 lives: the last one tells when it ended."""
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline:
        journal.write("alive")
        time.sleep(_PAUSE)
    journal.write("still running", command=_command(1))
    _end_by_force(journal)


def _end_by_force(journal: Journal) -> None:
    """End process 1 by what it may still heed: the kernel spares it every signal that it has no handler for."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in _children():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        # A shell ends as its server does: by SIGTERM that is an exit, by SIGKILL nothing that could be reported.
        time.sleep(_HEED_SECONDS)
    for number in (signal.SIGQUIT, signal.SIGINT):
        os.kill(1, number)
        time.sleep(_HELD_SECONDS)
    journal.write("survived")


def _children() -> Iterator[int]:
    for directory in Path("/proc").glob("[0-9]*"):
        if int(directory.name) not in (1, os.getpid()):
            yield int(directory.name)


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


if __name__ == "__main__":
    main(sys.argv[1:])
