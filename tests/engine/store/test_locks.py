"""Locks between sessions."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.store.locks import LockHeld, locked, locked_async

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("first", "second", "fits"), [(True, True, False), (True, False, False), (False, True, False), (False, False, True)]
)
def test_only_sharers_go_together(tmp_path: Path, *, first: bool, second: bool, fits: bool) -> None:
    with locked(tmp_path / "lock", exclusive=first):
        if fits:
            with locked(tmp_path / "lock", exclusive=second):
                pass
        else:
            with pytest.raises(LockHeld), locked(tmp_path / "lock", exclusive=second):
                pass
    with locked(tmp_path / "lock", exclusive=second):
        pass


def test_waiting_ends_at_the_timeout(tmp_path: Path) -> None:
    start = time.monotonic()
    with locked(tmp_path / "lock"), pytest.raises(LockHeld), locked(tmp_path / "lock", timeout=0.2):
        pass
    assert 0.2 <= time.monotonic() - start < 2


async def test_waiting_lets_others_run_and_ends_when_the_lock_is_free(tmp_path: Path) -> None:
    order = []

    async def wait() -> None:
        async with locked_async(tmp_path / "lock"):
            order.append("waiter")

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks, locked_async(tmp_path / "lock"):
            tasks.start_soon(wait)
            await anyio.sleep(0.05)
            order.append("holder")
    assert order == ["holder", "waiter"]


def test_a_killed_holder_holds_no_more(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from engine.store.locks import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path / "lock"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(LockHeld), locked(tmp_path / "lock"):
            pass
        holder.kill()
    with locked(tmp_path / "lock"):
        pass
