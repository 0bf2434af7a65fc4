"""Follow one container from its start to its end."""

from __future__ import annotations

import json
import os
import signal
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio

from engine.errors import CommandFailed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.executor.child import Child
    from engine.solver.ports import Output

NOT_STARTED = 1
"""Exit code when a program could not be started, as Dagger's init gives it."""

_COMMANDS_FAULT = ("exec container process", "executable file", "open executable", "chdir")
"""How crun's messages begin when not it but the command or its working directory is at fault."""

_STARTING_SECONDS = 0.002
_DRAIN_SECONDS = 1.0


class NotStarted:
    """A process whose program could not be started (the solver's `Running`)."""

    async def wait(self) -> int:
        """Give the exit code of such a start."""
        return NOT_STARTED

    def signal(self, number: int) -> None:
        """Leave alone what never was."""


class Container:
    """A container that runs (the solver's `Running`)."""

    def __init__(self, child: Child, log: Path, pid_file: Path, output: Output) -> None:
        self._child = child
        self._log = log
        self._pid_file = pid_file
        self._output = output
        self._stderr_end = b""
        self._drained = anyio.Event()
        # Cancelling the caller must not stop the pipes before the container is dead: they are cancelled by name.
        self._pipes = anyio.CancelScope(shield=True)

    async def wait(self) -> int:
        """Exit code, once all output has been handed on. Raises CommandFailed when the runtime itself failed."""
        code = await self._child.ended()
        await self._drained.wait()
        return self._judge(code) if code else 0

    def signal(self, number: int) -> None:
        """Send a signal to the container's first process; a process that has ended is left alone."""
        pid = self._first_process()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    @asynccontextmanager
    async def followed(self, stdin: bytes | Path) -> AsyncIterator[None]:
        """Serve the container's pipes within the context; nothing of it runs afterwards."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._serve, stdin)
                try:
                    await self._started()
                    yield
                finally:
                    with anyio.CancelScope(shield=True):
                        await self._child.kill()
                        with anyio.move_on_after(_DRAIN_SECONDS):
                            await self._drained.wait()
                    self._pipes.cancel()
        except BaseExceptionGroup as failures:
            raise _first(failures) from None

    async def _serve(self, stdin: bytes | Path) -> None:
        with self._pipes:
            async with anyio.create_task_group() as group:
                group.start_soon(self._child.feed, stdin)
                group.start_soon(self._drain)

    async def _drain(self) -> None:
        async with anyio.create_task_group() as group:
            for stream in ("stdout", "stderr"):
                group.start_soon(self._child.read, stream, self._take)
        self._drained.set()

    def _take(self, stream: str, data: bytes) -> None:
        if stream == "stderr":
            self._stderr_end = (self._stderr_end + data)[-4096:]
        self._output.write(stream, data)

    async def _started(self) -> None:
        """Wait until the first process is known, so that a signal sent from now on arrives."""
        while not self._pid_file.exists() and not self._child.has_ended():
            await anyio.sleep(_STARTING_SECONDS)

    def _first_process(self) -> int | None:
        if self._child.has_ended():
            return None
        try:
            return int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _judge(self, code: int) -> int:
        """Tell the command's own failure from the runtime's, by the runtime's log."""
        complaints = [entry["msg"] for entry in _entries(self._log) if entry.get("level") == "error"]
        if not complaints:
            return code
        reason = "; ".join(complaints)
        if not reason.startswith(_COMMANDS_FAULT):
            raise CommandFailed(f"the container runtime failed: {reason}")
        if not self._stderr_end.rstrip().endswith(complaints[-1].encode()):
            self._output.write("stderr", f"{reason}\n".encode())
        return NOT_STARTED


def _entries(log: Path) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = []
    with suppress(FileNotFoundError), log.open() as file:
        for line in file:
            with suppress(ValueError):
                entries.append(json.loads(line))
    return entries


def _first(failures: BaseExceptionGroup) -> BaseException:
    """Give the first failure by itself: that tasks serve the pipes is no concern of the caller."""
    failure = failures.exceptions[0]
    return _first(failure) if isinstance(failure, BaseExceptionGroup) else failure
