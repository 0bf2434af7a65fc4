"""Measure what staging, committing and viewing a snapshot costs, by depth: medians in milliseconds.

    python -m bench.snapshots [STATE]

Needs root. STATE is a directory on the file system to be measured (default: a temporary one).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import anyio

from engine.core.tree import EMPTY, SnapshotId
from engine.linux.sandbox import run_in_sandbox
from engine.store.opening import Store, opened_store

DEPTHS = 1, 20, 100
ROUNDS = 30


async def commit(store: Store, parent: SnapshotId) -> SnapshotId:
    async with store.snapshots.stage(parent) as staged:
        (staged.root / "file").write_text("x")
        return await staged.commit("bench")


async def view(store: Store, snapshot: SnapshotId) -> None:
    async with store.snapshots.view(snapshot) as root:
        (root / "file").stat()


async def measure(store: Store, depth: int) -> tuple[float, float, float]:
    """Give the medians of stage and commit, of a first view, and of a repeated view."""
    snapshot = EMPTY
    for _ in range(depth):
        snapshot = await commit(store, snapshot)
    times: list[tuple[float, float, float]] = []
    for _ in range(ROUNDS):
        moments = [time.perf_counter()]
        child = await commit(store, snapshot)
        moments.append(time.perf_counter())
        for _ in range(2):
            await view(store, child)
            moments.append(time.perf_counter())
        times.append((moments[1] - moments[0], moments[2] - moments[1], moments[3] - moments[2]))
    committed, first, again = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
    return committed, first, again


async def main(state: Path) -> int:
    print(f"{'depth':>6} {'stage+commit':>13} {'first view':>11} {'view again':>11}   (ms)")
    with opened_store(state) as store:
        for depth in DEPTHS:
            committed, first, again = await measure(store, depth)
            print(f"{depth:>6} {committed:>13.2f} {first:>11.2f} {again:>11.3f}")
        start = time.perf_counter()
    print(f"closing the store, with all on the disk: {(time.perf_counter() - start) * 1000:.0f} ms")
    return 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        where = Path(sys.argv[1] if len(sys.argv) > 1 else scratch)
        status = run_in_sandbox(lambda: anyio.run(main, where / "bench-state"))
    sys.exit(status)
