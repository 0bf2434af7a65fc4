"""Ask the kernel what a user may write to; standard library alone, for it runs inside of the image.

`list` prints every path of the root file system, as root, who sees them all. `look` prints which of them the user that
runs it may write to. `read-only COMMAND …` does so, and starts COMMAND, in an image below /image that is mounted
read-only. pipelines/proofs/permissions.py judges.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Facts = dict[str, Any]

IMAGE = "/image"
# Where an engine puts its own things, and where this list is written to.
_OUTSIDE = {"/proc", "/sys", "/dev", "/.paths.json"}
# Not of the image, but writable for every container.
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - that is its name
_READY_SECONDS = 60
_STOP_SECONDS = 30


def main(arguments: list[str]) -> None:
    """Print the facts."""
    match arguments:
        case ["list"]:
            facts: object = list_paths()
        case ["look"]:
            facts = look(_paths())
        case ["read-only", user, *command]:
            facts = read_only([int(number) for number in user.split(":")], command)
        case _:
            sys.exit("usage: list | look | read-only UID:GID COMMAND ...")
    json.dump(facts, sys.stdout)


def list_paths() -> Facts:
    """List directories and files below /, but no mount and no symbolic link: what it leads to is listed by itself."""
    mounts = _mounts() | _OUTSIDE
    directories, files = ["/"], []
    for parent, below, names in os.walk("/", onerror=_fail):
        below[:] = [name for name in below if os.path.join(parent, name) not in mounts]  # noqa: PTH118 - thousands
        directories += [path for path in _joined(parent, below) if not os.path.islink(path)]  # noqa: PTH114
        files += [path for path in _joined(parent, names) if path not in mounts and not os.path.islink(path)]  # noqa: PTH114
    return {"directories": directories, "files": files}


def look(paths: Facts) -> Facts:
    """Say which of `paths` this process may write to, and try it where that is possible without harm."""
    directories = [*paths["directories"], *([_SHARED_MEMORY] if Path(_SHARED_MEMORY).is_dir() else [])]
    writable = [path for path in directories if os.access(path, os.W_OK)]
    media = Path(os.environ["PROBE_MEDIA"])
    return {
        "user": [os.geteuid(), os.getegid()],
        "groups": os.getgroups(),
        "directories": len(directories),
        "files": len(paths["files"]),
        "writable directories": writable,
        "writable files": [path for path in paths["files"] if os.access(path, os.W_OK)],
        "tried": {path: _try(path) for path in writable},
        "open to all": [path for path in (*directories, *paths["files"]) if _open_to_all(path)],
        "media": sorted(path.name for path in media.iterdir()) if os.access(media, os.R_OK) else ["(not readable)"],
    }


def read_only(user: list[int], command: list[str]) -> Facts:
    """Look from inside of an image that is mounted read-only, and start its server there."""
    paths = _paths()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _enter(user)
        with os.fdopen(writer, "w") as report:
            json.dump(look(paths), report)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as report:
        facts: Facts = json.load(report)
    os.waitpid(child, 0)
    return facts | {"server": _serve(user, command)}


def _paths() -> Facts:
    found: Facts = json.loads(Path(os.environ["PROBE_PATHS"]).read_text())
    return found


def _enter(user: list[int]) -> None:
    os.chroot(IMAGE)
    os.chdir(os.environ["PROBE_HOME"])
    os.setgroups([])
    os.setgid(user[1])
    os.setuid(user[0])


def _serve(user: list[int], command: list[str]) -> Facts:
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command,
            stdout=said,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: _enter(user),  # noqa: PLW1509 - one thread, and nothing else can enter a root
        )
        health = _health(process)
        process.send_signal(signal.SIGTERM)
        try:
            code: int | str = process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = f"still running {_STOP_SECONDS} s after SIGTERM"
        said.seek(0)
        return {"health": health, "exit_code": code, "lines": said.read().splitlines()[-8:]}


def _health(process: subprocess.Popen[bytes]) -> int | str:
    deadline = time.monotonic() + _READY_SECONDS
    headers = {"Host": os.environ["PROBE_HOST"], "X-Forwarded-Proto": "https"}
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return f"the command ended with exit code {process.returncode}"
        connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=5)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/api/health/", headers=headers)
            return connection.getresponse().status
        connection.close()
        time.sleep(0.2)
    return "no answer"


def _try(directory: str) -> str:
    """Make a file and remove it; return what went wrong."""
    try:
        with tempfile.TemporaryFile(dir=directory):
            return ""
    except OSError as error:
        return f"{type(error).__name__}: {error}"


def _open_to_all(path: str) -> bool:
    """Tell what any user may change: by mode, and in a directory, without the bit that saves others' files."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return bool(mode & stat.S_IWOTH) and not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX)


def _mounts() -> set[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return {line.split(" ")[4] for line in lines} - {"/"}


def _joined(parent: str, names: list[str]) -> Iterator[str]:
    return (os.path.join(parent, name) for name in names)  # noqa: PTH118 - thousands of times


def _fail(error: OSError) -> None:
    raise error


if __name__ == "__main__":
    main(sys.argv[1:])
