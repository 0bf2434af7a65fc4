"""Measure what one command costs: medians of running `true` in a container, with and without a place in the network.

    python -m bench.exec [RUNS]

Needs root. The container's root is this machine's own, read-only below a file system in memory.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from engine.core.process import Process
from engine.executor.output import Capture
from engine.executor.runtime import OciRuntime
from engine.linux.sandbox import run_in_sandbox
from engine.linux.syscalls import mount
from engine.network.network import SessionNetwork

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def main() -> int:
    """Run the measurements in namespaces of their own."""
    runs = int(sys.argv[1]) if sys.argv[1:] else 30
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return run_in_sandbox(lambda: anyio.run(_measure_all, Path(folder), runs))


async def _measure_all(folder: Path, runs: int) -> int:
    mount("tmpfs", folder, "tmpfs")
    runtime = OciRuntime(folder / "state")
    process = Process(root=_root(folder), args=("true",), env=(_PATH,), cwd="/", uid=0, gid=0)

    async def plain(network: Path | None = None, *, init: bool = True) -> None:
        capture = Capture()
        changed = Process(
            root=process.root,
            args=process.args,
            env=process.env,
            cwd="/",
            uid=0,
            gid=0,
            init=init,
            network_namespace=network,
        )
        code = await runtime.run(changed, capture)
        if code:
            raise SystemExit(f"true ended with {code}: {capture.finish()[1].decode()}")

    async def without_init() -> None:
        await plain(init=False)

    begun = time.perf_counter()
    async with SessionNetwork(folder / "network") as network:
        print(f"{'session network up':<28}{(time.perf_counter() - begun) * 1000:7.1f} ms, once")

        async def join() -> None:
            async with network.join(hostname="dagger", aliases={}):
                pass

        async def joined() -> None:
            async with network.join(hostname="dagger", aliases={}) as place:
                await plain(place.namespace)

        await _report("run true", runs, plain)
        await _report("run true, no init", runs, without_init)
        await _report("join and leave the network", runs, join)
        await _report("run true in the network", runs, joined)
        async with _service(runtime, process) as further:
            await _report("further command (exec)", runs, further)
    return 0


@asynccontextmanager
async def _service(runtime: OciRuntime, process: Process) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    sleeping = Process(root=process.root, args=("sleep", "600"), env=process.env, cwd="/", uid=0, gid=0)
    async with runtime.start(sleeping, Capture()) as running:
        yield lambda: running.exec(["true"])


async def _report(name: str, runs: int, action: Callable[[], Awaitable[object]]) -> None:
    await action()
    took = []
    for _ in range(runs):
        begun = time.perf_counter()
        await action()
        took.append((time.perf_counter() - begun) * 1000)
    worst = statistics.quantiles(took, n=10)[-1]
    print(f"{name:<28}{statistics.median(took):7.1f} ms median, {worst:.1f} ms for the slowest tenth ({runs} runs)")


def _root(folder: Path) -> Path:
    for name in ("root", "upper", "work"):
        (folder / name).mkdir()
    options = f"lowerdir=/,upperdir={folder / 'upper'},workdir={folder / 'work'}"
    mount("overlay", folder / "root", "overlay", 0, options)
    return folder / "root"


if __name__ == "__main__":
    raise SystemExit(main())
