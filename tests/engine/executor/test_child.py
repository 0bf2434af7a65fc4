from __future__ import annotations

import os
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from engine.executor.child import Child

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def _sh(script: str) -> AsyncIterator[Child]:
    child = Child(["/bin/sh", "-c", script])
    try:
        yield child
    finally:
        await child.kill()
        child.close()


async def test_it_is_fed_and_read_and_awaited() -> None:
    taken: list[tuple[str, bytes]] = []
    async with _sh("cat; echo err >&2; exit 3") as child, anyio.create_task_group() as group:
        for stream in ("stdout", "stderr"):
            group.start_soon(child.read, stream, lambda stream, data: taken.append((stream, data)))
        group.start_soon(child.feed, b"in")
        assert await child.ended() == 3
    assert taken == [("stdout", b"in"), ("stderr", b"err\n")]


async def test_a_signal_gives_128_and_its_number() -> None:
    async with _sh("kill -KILL $$") as child:
        assert await child.ended() == 137
        assert child.has_ended()


async def test_it_gets_nothing_of_this_process(monkeypatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/leak")
    taken = bytearray()
    readable, writable = os.pipe()
    async with _sh('echo "[$NOTIFY_SOCKET]"; ls /proc/self/fd') as child:
        await child.read("stdout", lambda _, data: taken.extend(data))
    os.close(readable)
    os.close(writable)
    assert taken.split() == [b"[]", b"0", b"1", b"2", b"3"]


async def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x" * 500_000)
    for stdin in (b"x" * 500_000, tmp_path / "in"):
        async with _sh("exec <&-; sleep 0.05") as child:
            await child.feed(stdin)
            assert await child.ended() == 0


async def test_killing_ends_what_it_started_first() -> None:
    begun = time.monotonic()
    async with _sh("sleep 61; sleep 61; exit 9") as child:
        await anyio.sleep(0.05)
        await child.kill()
        assert await child.ended() == 9
    assert time.monotonic() - begun < 2
