"""A built copy of the project, as it lies in the image."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CODE = Path(__file__).resolve().parents[2]
PARTS = ("manage.py", "accounts", "config", "patients", "startup")


@dataclass
class App:
    """The project in a directory of its own, and how to run it."""

    path: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def static(self) -> Path:
        return self.path / "staticfiles"

    def run(self, *arguments: str, prefix: tuple[str, ...] = (), **environ: str) -> subprocess.CompletedProcess[str]:
        command = [*prefix, sys.executable, *arguments]
        return subprocess.run(
            command,
            cwd=self.path,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    @contextlib.contextmanager
    def serving(self, **environ: str):
        """Start the container's command, wait until it is healthy, and end it whatever happens."""
        log = self.path / "log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "startup"],
                cwd=self.path,
                env=self.environ | environ,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            self._await_health(process, log)
            yield process
        finally:
            # Never a kill: its workers would live on and answer in the next server's place.
            process.terminate()
            process.wait(timeout=40)

    def _await_health(self, process, log: Path) -> None:
        for _ in range(300):
            if self.run("-m", "startup", "health").returncode == 0:
                return
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        raise AssertionError(log.read_text())

    def get(self, path: str, **headers: str):
        address = f"http://127.0.0.1:{self.environ['PORT']}{path}"
        allowed = {"Host": "emr.example.org", "X-Forwarded-Proto": "https"}
        request = urllib.request.Request(address, headers=allowed | headers)
        return urllib.request.urlopen(request, timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> App:
    """Collect and stamp once, under production settings, as the image build does."""
    app = App(tmp_path_factory.mktemp("built") / "app")
    app.path.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (CODE / part).is_dir() else shutil.copy2
        copy(CODE / part, app.path / part)
    app.environ = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "DJANGO_SECRET_KEY": "a" * 60,
        "DJANGO_ALLOWED_HOSTS": ".emr.example.org,other.example.org",
    }
    for command in (("manage.py", "collectstatic", "--noinput"), ("-m", "startup", "stamp")):
        done = app.run(*command)
        assert done.returncode == 0, done.stderr
    return app


@pytest.fixture
def app(built, tmp_path) -> App:
    """A copy of the built project that a test may spoil."""
    shutil.copytree(built.path, tmp_path / "app", symlinks=True)
    return App(tmp_path / "app", built.environ | {"PORT": str(free_port())})
