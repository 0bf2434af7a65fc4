from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import CommandFailed
from engine.network.namespaces import Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root


@pytest.fixture
def namespace(tmp_path: Path) -> Iterator[Namespace]:
    made = Namespace.create(tmp_path / "namespace")
    yield made
    made.remove()
    assert not (tmp_path / "namespace").exists()


def _own() -> int:
    return Path("/proc/thread-self/ns/net").stat().st_ino


def test_actions_run_inside_and_nothing_else_does(namespace: Namespace) -> None:
    before = _own()
    assert namespace.call(_own) == namespace.path.stat().st_ino != before
    assert _own() == before
    assert all(thread.name != "network-namespace" for thread in threading.enumerate())


def test_an_error_inside_comes_out(namespace: Namespace) -> None:
    with pytest.raises(ZeroDivisionError):
        namespace.call(lambda: 1 // 0)


def test_programs_run_inside_and_failures_say_what_they_said(namespace: Namespace) -> None:
    namespace.run(["ip", "-batch", "-"], "link set lo up\n")
    with namespace.socket() as listener, namespace.socket() as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client.settimeout(5)
        client.connect(listener.getsockname())
    with pytest.raises(CommandFailed, match=r"`ip link show nope` failed: .*does not exist"):
        namespace.run(["ip", "link", "show", "nope"])


def test_a_name_that_is_taken_is_left_alone(namespace: Namespace) -> None:
    with pytest.raises(FileExistsError):
        Namespace.create(namespace.path)
    namespace.call(_own)
