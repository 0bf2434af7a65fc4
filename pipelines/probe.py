"""Look at a running server and print what was seen as JSON; standard library alone, for it runs inside containers.

`probe.py start COMMAND …` runs COMMAND in the image itself and looks at it from inside; `probe.py visit` looks at
another container's server. Neither judges: pipelines/smoke.py knows what was to be expected.
"""

from __future__ import annotations

import grp
import hashlib
import http.client
import json
import os
import pwd
import secrets
import signal
import stat
import subprocess
import sys
import threading
import time
import urllib.parse
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

READY_SECONDS = 60
STOP_SECONDS = 30
DOCUMENT = b"%PDF-1.4\n% a document of the smoke test\n%%EOF\n"

Facts = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Print the facts; a failure to look is one of them."""
    facts = start(arguments[1:]) if arguments[0] == "start" else visit()
    json.dump(facts, sys.stdout)


def start(command: list[str]) -> Facts:
    """Run the image's own command until it is healthy, look at its processes and files, end it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
    lines: list[str] = []
    reader = threading.Thread(target=_collect, args=(process, lines), daemon=True)
    reader.start()
    health = _wait_until_healthy(process)
    facts: Facts = {"health": health, "processes": _processes(process.pid)}
    if health == HTTPStatus.OK:
        facts["upload"] = _upload(Path(os.environ["PROBE_MEDIA"]))
    process.send_signal(signal.SIGTERM)
    facts["exit_code"] = _end(process)
    reader.join(timeout=STOP_SECONDS)
    return facts | {"lines": lines}


def visit() -> Facts:
    """Visit another container's server: pages, static files compared with the image's, an upload."""
    expected = Path(os.environ["PROBE_STATIC"])
    hashed = json.loads((expected / "staticfiles.json").read_text())["paths"]["admin/css/base.css"]
    return {
        "health": _page("/api/health/"),
        "asset": _static("admin/css/base.css", expected),
        "hashed": _static(hashed, expected),
        "unknown": _page(f"/static/{hashed.replace('.css', '')}.0123456789ab.css"),
        "login": _page("/admin/login/"),
        "upload": _upload(Path(os.environ["PROBE_MEDIA"])),
    }


def _collect(process: subprocess.Popen[str], lines: list[str]) -> None:
    lines.extend(line.rstrip("\n") for line in process.stdout or ())


def _wait_until_healthy(process: subprocess.Popen[str]) -> int | str:
    deadline = time.monotonic() + READY_SECONDS
    answer: int | str = "no answer"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return f"the command ended with exit code {process.returncode}"
        answer = _page("/api/health/")["status"]
        if answer == HTTPStatus.OK:
            break
        time.sleep(0.2)
    return answer


def _processes(first: int) -> list[Facts]:
    """List `first` and its children: the kernel's word on who runs what."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(
                line.split(":\t", 1) for line in (directory / "status").read_text().splitlines() if ":\t" in line
            )
            command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue
        if first in (int(directory.name), int(status["PPid"])):
            found.append({"pid": int(directory.name), "uid": int(status["Uid"].split()[1]), "command": command[:120]})
    return sorted(found, key=lambda fact: fact["pid"])


def _end(process: subprocess.Popen[str]) -> int | str:
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return f"still running {STOP_SECONDS} s after SIGTERM"


def _request(
    method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[Any, bytes]:
    server = urllib.parse.urlsplit(os.environ["PROBE_URL"])
    connection = http.client.HTTPConnection(server.hostname or "", server.port or 80, timeout=30)
    # Production settings answer only what came through a proxy that ended TLS.
    sent = {"Host": os.environ["PROBE_HOST"], "X-Forwarded-Proto": "https", **(headers or {})}
    try:
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def _page(path: str) -> Facts:
    try:
        answer, body = _request("GET", path)
    except (OSError, http.client.HTTPException) as error:
        return {"path": path, "status": f"{type(error).__name__}: {error}", "type": "", "caching": "", "body": ""}
    return {
        "path": path,
        "status": answer.status,
        "type": answer.getheader("Content-Type", ""),
        "caching": answer.getheader("Cache-Control", ""),
        "body": body[:4000].decode(errors="replace"),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def _static(name: str, expected: Path) -> Facts:
    return _page(f"/static/{name}") | {"expected": hashlib.sha256((expected / name).read_bytes()).hexdigest()}


def _upload(media: Path) -> Facts:
    """Sign in, add a patient and a document of it, and look at the file that it became; then delete it again."""
    credentials = {"username": os.environ["PROBE_USER"], "password": os.environ["PROBE_PASSWORD"]}
    try:
        token = _json("/api/auth/token/", credentials, {})["token"]
        signed_in = {"Authorization": f"Token {token}"}
        number = secrets.token_hex(8).upper()
        patient = _json(
            "/api/patients/",
            {"medical_record_number": number, "given_name": "A", "family_name": "B", "date_of_birth": "2000-01-01"},
            signed_in,
        )
        document = _send_document(patient["id"], f"{number}.pdf", signed_in)
        seen = _file(media, f"{number}.pdf")
        _request("DELETE", f"/api/documents/{document['id']}/", headers=signed_in)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        return {"error": f"{error}"}
    return seen


def _json(path: str, content: dict[str, str], headers: dict[str, str]) -> Facts:
    return _answered("POST", path, json.dumps(content).encode(), {"Content-Type": "application/json", **headers})


def _send_document(patient: str, name: str, headers: dict[str, str]) -> Facts:
    boundary = "probe-boundary"
    fields = {"patient": patient, "kind": "other", "title": "smoke test"}
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()]
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n'
    parts.append(head.encode() + DOCUMENT)
    body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}", **headers}
    return _answered("POST", "/api/documents/", body, kind)


def _answered(method: str, path: str, body: bytes, headers: dict[str, str]) -> Facts:
    answer, content = _request(method, path, body, headers)
    if answer.status not in (200, 201):
        raise RuntimeError(f"{method} {path} was answered {answer.status}: {content[:300].decode(errors='replace')}")
    found: Facts = json.loads(content)
    return found


def _file(media: Path, name: str) -> Facts:
    paths = [path for path in media.rglob("*") if path.name == name]
    if len(paths) != 1:
        return {"error": f"{len(paths)} files named {name} below {media}"}
    (path,) = paths
    found = path.stat()
    return {
        "path": str(path.relative_to(media)),
        "owner": _name(pwd.getpwuid, found.st_uid),
        "group": _name(grp.getgrgid, found.st_gid),
        "mode": stat.filemode(found.st_mode),
        "intact": path.read_bytes() == DOCUMENT,
    }


def _name(look_up: Callable[[int], Sequence[Any]], number: int) -> str:
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)


if __name__ == "__main__":
    main(sys.argv[1:])
