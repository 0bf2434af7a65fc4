"""Real registries on this machine, for tests."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USERNAME, PASSWORD = "someone", "correct horse"
_HTPASSWD = f"{USERNAME}:$2y$04$wMXQPkJkR7kBZ1jHYaSLH.pCSnPR6ou1pyT0dNAls.djc.pI7.Uua\n"
_ACCEPT = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRegistry:
    """A registry that answers."""

    host: str
    data: Path
    log: Path

    def manifest(self, repository: str, reference: str) -> tuple[str, bytes]:
        """Media type and bytes."""
        url = f"http://{self.host}/v2/{repository}/manifests/{reference}"
        request = urllib.request.Request(url, headers={"Accept": _ACCEPT})
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.headers["Content-Type"], response.read()

    def requests(self, method: str, what: str) -> list[str]:
        """Paths of the requests so far."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        found = [line for line in lines if line.get("http.request.method") == method and "http.response.status" in line]
        return [line["http.request.uri"] for line in found if what in line["http.request.uri"]]


@contextmanager
def running_registry(folder: Path, *, login: bool = False) -> Iterator[RunningRegistry]:
    """Run a registry on a free port; with `login`, for USERNAME and PASSWORD only."""
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    (folder / "htpasswd").write_text(_HTPASSWD)
    config = {
        "version": "0.1",
        "log": {"level": "info", "formatter": "json", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": host},
        **({"auth": {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}} if login else {}),
    }
    (folder / "config.yml").write_text(json.dumps(config))
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["docker-registry", "serve", folder / "config.yml"], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(host)
        yield RunningRegistry(host=host, data=folder / "data", log=log)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(host: str) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            urllib.request.urlopen(f"http://{host}/v2/", timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
