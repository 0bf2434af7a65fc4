"""Run container processes with crun: one program start per container, nothing left of it afterwards."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio import to_thread

from engine.errors import CommandFailed, HostError
from engine.executor.bundle import Bundle
from engine.executor.cgroups import Cgroups
from engine.executor.child import Child
from engine.executor.container import Container, NotStarted
from engine.executor.host import this_host
from engine.executor.mount_points import mount_points
from engine.executor.program import obstacle
from engine.linux.process import missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.core.process import Process
    from engine.executor.spec import Host
    from engine.solver.ports import Output, Running

T = TypeVar("T")


class OciRuntime:
    """Containers by an OCI runtime (the solver's `Runtime`).

    All that belongs to a container is below one folder of its own in `state`, which goes away with it. Must run in the
    engine's own mount and process namespaces.
    """

    def __init__(self, state: Path, program: str = "crun", *, init: Path = Path("/usr/bin/tini-static")) -> None:
        """`program`: crun, found by PATH. `init`: a static tini (Debian package tini)."""
        self._state = state
        self._program = program
        self._init = init
        self._cgroups = Cgroups()
        self._ready: tuple[str, Host] | None = None

    async def run(self, process: Process, output: Output, *, stdin: bytes | Path = b"") -> int:
        """Run to the end; exit code, 128 + signal when a signal ended it.

        A program that can not be started ends with code 1 and the reason on stderr. Raises CommandFailed when the
        runtime itself fails or the container cannot be prepared, HostError when a program of the host is missing.
        """
        async with self.start(process, output, stdin=stdin) as running:
            return await running.wait()

    @asynccontextmanager
    async def start(self, process: Process, output: Output, *, stdin: bytes | Path = b"") -> AsyncIterator[Running]:
        """Start in the background; leaving the context kills it."""
        reason = await to_thread.run_sync(_prepared, lambda: obstacle(process))
        if reason:
            output.write("stderr", f"{reason}\n".encode())
            yield NotStarted()
            return
        resources = ExitStack()
        try:
            begun = await to_thread.run_sync(_prepared, lambda: self._begin(process, resources))
            container = Container(*begun, output)
            async with container.followed(stdin):
                yield container
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(resources.close)

    def _begin(self, process: Process, resources: ExitStack) -> tuple[Child, Bundle]:
        program, host = self._program_and_host()
        bundle = Bundle.create(self._state, program=program, process=process, host=host)
        resources.callback(shutil.rmtree, bundle.folder, ignore_errors=True)
        resources.enter_context(self._cgroups.hidden())
        resources.enter_context(mount_points(process))
        child = Child(bundle.run_command())
        resources.callback(child.close)
        return child, bundle

    def _program_and_host(self) -> tuple[str, Host]:
        if self._ready is None:  # two threads at once find out the same
            program = shutil.which(self._program)
            if not program or not self._init.exists():
                raise HostError(missing(os.fspath(self._init) if program else self._program))
            self._state.mkdir(parents=True, exist_ok=True)
            self._ready = program, this_host(self._init)
        return self._ready


def _prepared(step: Callable[[], T]) -> T:
    """Do a step of the preparation; what the file system refuses is told in a sentence."""
    try:
        return step()
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise CommandFailed(f"the container cannot be prepared: {where}{error.strerror or error}") from error
