"""A real session of the engine, for tests that go all the way: SDK, HTTP, store, containers."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagger
import pytest

from tests.engine.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

_SECONDS_TO_CLOSE = 60


@pytest.fixture(scope="session")
def engine_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store for all tests of one run, so that the base image is unpacked once."""
    return tmp_path_factory.mktemp("engine") / "state"


@contextmanager
def running_session(state: Path, log: Path, **environ: str) -> Iterator[dict[str, object]]:
    """Have a session run, its progress in a file; gives what it announced. It closes as it does for an SDK."""
    program = CommandLine(state, **environ)
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            program.argv("session"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=program.environ,
            cwd=log.parent,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line, log.read_text()
            yield json.loads(line)
            process.stdin.close()
            process.wait(_SECONDS_TO_CLOSE)
        finally:
            process.kill()


@pytest.fixture
def session_environ() -> dict[str, str]:
    """Variables that the session of a test has; a test module may override this."""
    return {}


@pytest.fixture
async def session(
    engine_state: Path, session_environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dagger.Client]:
    """A client of a session whose working directory is `tmp_path`."""
    with running_session(engine_state, tmp_path / "session.log", **session_environ) as announced:
        monkeypatch.setenv("DAGGER_SESSION_PORT", str(announced["port"]))
        monkeypatch.setenv("DAGGER_SESSION_TOKEN", str(announced["session_token"]))
        async with dagger.Connection() as client:
            yield client


@pytest.fixture
def base(session: dagger.Client, base_archive: Path) -> dagger.Container:
    """A Debian container."""
    return session.container().import_(session.host().file(str(base_archive)))
