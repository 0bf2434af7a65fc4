"""One real session for each module of tests: the engine as the SDK starts it, and the SDK unchanged."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import dagger
import pytest

from tests.engine.conftest import running_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """For the fixtures of a module too."""
    return "asyncio"


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the module's session was started."""
    return tmp_path_factory.mktemp("workdir")


@pytest.fixture(scope="module")
async def dag(engine_state: Path, workdir: Path) -> AsyncIterator[dagger.Client]:
    """A client of the module's session."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    variables = {"TEST_SECRET": "of the host", "TOP_SECRET_NAME": ""}
    with (
        running_session(engine_state, workdir / "session.log", **variables) as announced,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DAGGER_SESSION_PORT", str(announced["port"]))
        patch.setenv("DAGGER_SESSION_TOKEN", str(announced["session_token"]))
        async with dagger.Connection() as client:
            yield client


@pytest.fixture(scope="module")
def debian(dag: dagger.Client, base_archive: Path) -> dagger.Container:
    """The base image."""
    return dag.container().import_(dag.host().file(str(base_archive)))


@pytest.fixture
def once(request: pytest.FixtureRequest, debian: dagger.Container) -> dagger.Container:
    """The base image, in which no step was run before."""
    return debian.with_env_variable("TEST", f"{request.node.name} {os.urandom(8).hex()}")


def sh(script: str) -> list[str]:
    """A shell's command line."""
    return ["sh", "-c", script]
