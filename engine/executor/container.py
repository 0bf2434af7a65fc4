"""Follow one container from its start to its end."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from engine.errors import CommandFailed
from engine.executor.child import Child
from engine.executor.output import STREAMS
from engine.executor.program import obstacle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from engine.executor.bundle import Bundle
    from engine.solver.ports import Output

_NOT_STARTED = 1
"""Exit code when a program could not be started, as Dagger's init gives it."""

_COMMANDS_FAULT = ("exec container process", "executable file", "open executable", "chdir")
"""How crun's messages begin when not it but the command or its working directory is at fault."""

_STARTING_SECONDS = 0.002
_DRAIN_SECONDS = 1.0
_STDERR_END = 4096


class NotStarted:
    """A process whose program could not be started (the solver's `Running`)."""

    async def wait(self) -> int:
        """Give the exit code of such a start."""
        return _NOT_STARTED

    def signal(self, number: int) -> None:
        """Leave alone what never was."""

    async def exec(self, args: Sequence[str]) -> tuple[int, bytes, bytes]:
        """Refuse: there is nothing to run it in."""
        return _NOT_STARTED, b"", f"{args[0]}: the container is not running\n".encode()


class Container:
    """A container that runs (the solver's `Running`)."""

    def __init__(self, child: Child, bundle: Bundle, output: Output) -> None:
        self._child = child
        self._bundle = bundle
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
        pid = None if self._child.has_ended() else self._bundle.first_process()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    async def exec(self, args: Sequence[str]) -> tuple[int, bytes, bytes]:
        """Run a further command in the container, as its process's user; exit code, stdout and stderr."""
        taken = {stream: bytearray() for stream in STREAMS}
        reason = await to_thread.run_sync(obstacle, replace(self._bundle.process, args=tuple(args)))
        if reason:
            return _NOT_STARTED, b"", f"{reason}\n".encode()
        child = await to_thread.run_sync(lambda: Child(self._bundle.exec_command(args)))
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(child.feed, b"")
                for stream in STREAMS:
                    group.start_soon(child.read, stream, lambda stream, data: taken[stream].extend(data))
            code = await child.ended()
        finally:
            with anyio.CancelScope(shield=True):
                await child.kill()
            child.close()
        return code, bytes(taken["stdout"]), bytes(taken["stderr"])

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
            for stream in STREAMS:
                group.start_soon(self._child.read, stream, self._take)
        self._drained.set()

    def _take(self, stream: str, data: bytes) -> None:
        if stream == "stderr":
            self._stderr_end = (self._stderr_end + data)[-_STDERR_END:]
        self._output.write(stream, data)

    async def _started(self) -> None:
        """Wait until the first process is known, so that a signal sent from now on arrives."""
        while self._bundle.first_process() is None and not self._child.has_ended():  # noqa: ASYNC110 (crun tells by a file)
            await anyio.sleep(_STARTING_SECONDS)

    def _judge(self, code: int) -> int:
        """Tell the command's own failure from the runtime's, by the runtime's log."""
        complaints = self._bundle.complaints()
        if not complaints:
            return code
        reason = "; ".join(complaints)
        if not reason.startswith(_COMMANDS_FAULT):
            raise CommandFailed(f"the container runtime failed: {reason}")
        # crun has told it on stderr already when it failed early enough.
        if not self._stderr_end.rstrip().endswith(complaints[-1].encode()):
            self._output.write("stderr", f"{reason}\n".encode())
        return _NOT_STARTED


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give the first failure by itself: that tasks serve the pipes is no concern of the caller."""
    failure = failures.exceptions[0]
    return _first(failure) if isinstance(failure, BaseExceptionGroup) else failure
