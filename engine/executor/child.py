"""Start an OCI runtime with its three pipes, and end it together with what it started."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_CHUNK = 2**16
_SETTLE_SECONDS = 0.003
_PATIENCE_SECONDS = 5.0


class Child:
    """A program of the host that is followed through its pipes and a process descriptor: no threads, no signals."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start it, in a session of its own so that the terminal's Ctrl-C does not reach it. Blocks for about 1 ms."""
        pipe = subprocess.PIPE
        # The environment is empty: nothing of this process (NOTIFY_SOCKET, LISTEN_FDS, …) is the container's.
        self._popen = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env={}, start_new_session=True)
        self._descriptor = os.pidfd_open(self._popen.pid)
        for stream in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if stream:
                os.set_blocking(stream.fileno(), False)

    async def ended(self) -> int:
        """Wait for the end; exit code, 128 + signal when a signal ended it."""
        if self._popen.returncode is None:
            await anyio.wait_readable(self._descriptor)
        code = self._popen.wait()
        return code if code >= 0 else 128 - code

    def has_ended(self) -> bool:
        """Whether it has ended, without waiting."""
        return self._popen.poll() is not None

    async def read(self, stream: str, take: Callable[[str, bytes], None]) -> None:
        """Hand everything that comes out of `stdout` or `stderr` to `take`, until it is closed."""
        pipe = self._popen.stdout if stream == "stdout" else self._popen.stderr
        if pipe is None:
            return
        while True:
            await anyio.wait_readable(pipe)
            data = os.read(pipe.fileno(), _CHUNK)
            if not data:
                return
            take(stream, data)

    async def feed(self, stdin: bytes | Path) -> None:
        """Write all of it, then close; a reader that has gone away is no error."""
        with suppress(BrokenPipeError):
            if isinstance(stdin, bytes):
                await self._write(stdin)
            else:
                async with await anyio.open_file(stdin, "rb") as file:
                    while data := await file.read(_CHUNK):
                        await self._write(data)
        self._close_stdin()

    async def _write(self, data: bytes) -> None:
        pipe = self._popen.stdin
        rest = memoryview(data)
        while rest and pipe:
            with suppress(BlockingIOError):
                rest = rest[os.write(pipe.fileno(), rest) :]
            if rest:
                await anyio.wait_writable(pipe)

    async def kill(self) -> None:
        """End it and all that it started. Takes at most some seconds, whatever they do."""
        with anyio.move_on_after(_PATIENCE_SECONDS):
            while self._popen.returncode is None:
                # The runtime itself is spared at first: when its container dies it cleans up and ends.
                _kill_children(self._popen.pid)
                with anyio.move_on_after(_SETTLE_SECONDS):
                    await self.ended()
        if self._popen.returncode is None:
            self._popen.kill()
            await self.ended()

    def close(self) -> None:
        """Close what is open."""
        self._close_stdin()
        for pipe in (self._popen.stdout, self._popen.stderr):
            if pipe:
                pipe.close()
        os.close(self._descriptor)

    def _close_stdin(self) -> None:
        if self._popen.stdin:
            self._popen.stdin.close()


def _kill_children(pid: int) -> None:
    with suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123
        for child in file.read().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
