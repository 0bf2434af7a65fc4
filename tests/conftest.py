"""What the whole test suite shares."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.linux.syscalls import CLONE_NEWNS, MS_PRIVATE, MS_REC, mount, unshare
from tests.base_archive import cached_base_archive

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def anyio_backend() -> str:
    """The engine runs on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def base_archive() -> Path:
    """A Debian root as an OCI archive: shell, coreutils, python3, CA certificates. Made once, then cached."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cached_base_archive(cache / "django-image" / "tests")


@pytest.fixture(scope="session")
def mount_namespace() -> None:
    """Move the tests into a mount namespace of their own, for the rest of the run: the host never sees their mounts."""
    unshare(CLONE_NEWNS)
    mount("", "/", flags=MS_REC | MS_PRIVATE)


@pytest.fixture(autouse=True)
def _root_tests_are_private_and_leave_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("root") is None:
        yield
        return
    if os.geteuid() != 0:
        pytest.skip("needs root")
    request.getfixturevalue("mount_namespace")
    mounts, children = _mounts(), _children()
    yield
    assert not Counter(_mounts()) - Counter(mounts), "the test left mounts"
    deadline = time.monotonic() + 2
    while _children() - children and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _children() - children, "the test left processes"


def _mounts() -> list[str]:
    lines = Path("/proc/thread-self/mountinfo").read_text(encoding="utf-8").splitlines()
    return sorted(line.split(" ")[4] for line in lines)


def _children() -> set[str]:
    found: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            found.update((task / "children").read_text().split())
    return found
