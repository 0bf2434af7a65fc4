"""Container processes without containers: programs of the host, started in what would be their root."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from anyio.abc import ByteReceiveStream
    from anyio.abc import Process as Child

    from engine.core.process import Process
    from engine.solver.ports import Output

_NOT_FOUND = 1


class FakeRuntime:
    """Runs commands with the working directory below their root; all else of the process is only noted."""

    def __init__(self) -> None:
        self.ran: list[Process] = []

    async def run(self, process: Process, output: Output, *, stdin: bytes | Path = b"") -> int:
        async with self.start(process, output, stdin=stdin) as running:
            return await running.wait()

    @asynccontextmanager
    async def start(self, process: Process, output: Output, *, stdin: bytes | Path = b"") -> AsyncIterator[FakeRunning]:
        self.ran.append(process)
        if shutil.which(process.args[0]) is None:
            output.write("stderr", f'exec: "{process.args[0]}": executable file not found in $PATH\n'.encode())
            yield FakeRunning(process, None)
            return
        child = await anyio.open_process(
            process.args,
            stdin=PIPE if stdin else DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
            **_where(process),
        )
        running = FakeRunning(process, child)
        # A task rather than a task group, which would wrap the caller's own errors.
        serving = asyncio.create_task(running.serve(output, stdin))
        try:
            yield running
        finally:
            running.signal(signal.SIGKILL)
            serving.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait([serving])
                await child.aclose()


class FakeRunning:
    """A program that runs, or one that was never found."""

    def __init__(self, process: Process, child: Child | None) -> None:
        self._process = process
        self._child = child
        self._served = anyio.Event()

    async def serve(self, output: Output, stdin: bytes | Path) -> None:
        assert self._child
        async with anyio.create_task_group() as group:
            group.start_soon(_pump, self._child.stdout, "stdout", output)
            group.start_soon(_pump, self._child.stderr, "stderr", output)
            if self._child.stdin:
                with suppress(anyio.BrokenResourceError):
                    await self._child.stdin.send(_bytes(stdin))
                await self._child.stdin.aclose()
            await self._child.wait()
            self.signal(signal.SIGKILL)  # what it left running
        self._served.set()

    async def wait(self) -> int:
        if self._child is None:
            return _NOT_FOUND
        await self._served.wait()
        code = self._child.returncode
        assert code is not None
        return code if code >= 0 else 128 - code

    def signal(self, number: int) -> None:
        if self._child:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    async def exec(self, args: Sequence[str]) -> tuple[int, bytes, bytes]:
        done = await anyio.run_process(list(args), check=False, **_where(self._process))
        return done.returncode, done.stdout, done.stderr


class FailingRuntime(FakeRuntime):
    """Starts nothing."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    @asynccontextmanager
    async def start(self, process: Process, output: Output, *, stdin: bytes | Path = b"") -> AsyncIterator[FakeRunning]:
        self.ran.append(process)
        if self.ran:
            raise self._error
        yield FakeRunning(process, None)


def _bytes(stdin: bytes | Path) -> bytes:
    return stdin.read_bytes() if isinstance(stdin, Path) else stdin


def _where(process: Process) -> dict[str, object]:
    env = dict(pair.split("=", 1) for pair in process.env)
    return {"cwd": process.root / process.cwd.lstrip("/"), "env": {"PATH": os.environ["PATH"]} | env}


async def _pump(stream: ByteReceiveStream | None, name: str, output: Output) -> None:
    assert stream
    async for data in stream:
        output.write(name, data)
