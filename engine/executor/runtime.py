"""Run container processes with crun: one program start per container, nothing left of it afterwards."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from engine.errors import HostError
from engine.executor.cgroups import hide_hybrid_cgroups
from engine.executor.child import Child
from engine.executor.container import Container, NotStarted
from engine.executor.host import this_host
from engine.executor.mount_points import mount_points
from engine.executor.program import obstacle
from engine.executor.spec import runtime_config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.core.process import Process
    from engine.executor.spec import Host
    from engine.solver.ports import Output, Running


class OciRuntime:
    """Containers by an OCI runtime (the solver's `Runtime`).

    All that belongs to a container is below one folder of its own in `state`, which goes away with it. Must run in the
    engine's own mount and process namespaces.
    """

    def __init__(self, state: Path, program: str = "crun", *, init: Path = Path("/usr/bin/tini-static")) -> None:
        """`program`: crun, found by PATH. `init`: a static tini (Debian package tini) for processes that run under an init."""
        self._state = state
        self._program = program
        self._init = init
        self._ready: tuple[str, Host] | None = None

    async def run(self, process: Process, output: Output, *, stdin: bytes | Path = b"") -> int:
        """Run to the end; exit code, 128 + signal when a signal ended it.

        A program that can not be started ends with code 1 and the reason on stderr. Raises CommandFailed when the
        runtime itself fails, HostError when it is missing.
        """
        async with self.start(process, output, stdin=stdin) as running:
            return await running.wait()

    @asynccontextmanager
    async def start(self, process: Process, output: Output, *, stdin: bytes | Path = b"") -> AsyncIterator[Running]:
        """Start in the background; leaving the context kills it."""
        reason = await to_thread.run_sync(obstacle, process)
        if reason:
            output.write("stderr", f"{reason}\n".encode())
            yield NotStarted()
            return
        resources = ExitStack()
        try:
            container = Container(*await to_thread.run_sync(self._begin, process, resources), output)
            async with container.followed(stdin):
                yield container
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(resources.close)

    def _begin(self, process: Process, resources: ExitStack) -> tuple[Child, Path, Path]:
        program, host = self._prepared()
        bundle = Path(tempfile.mkdtemp(prefix="run-", dir=self._state))
        resources.callback(shutil.rmtree, bundle, ignore_errors=True)
        resources.enter_context(mount_points(process))
        (bundle / "config.json").write_text(json.dumps(runtime_config(process, host)))
        log, pid_file = bundle / "log", bundle / "pid"
        child = Child(run_command(program, bundle, log=log, pid_file=pid_file))
        resources.callback(child.close)
        return child, log, pid_file

    def _prepared(self) -> tuple[str, Host]:
        if self._ready is None:
            program = shutil.which(self._program)
            if not program or not self._init.exists():
                missing = self._init if program else self._program
                raise HostError(f"{missing} is missing: install the Debian packages crun and tini")
            hide_hybrid_cgroups()
            self._state.mkdir(parents=True, exist_ok=True)
            self._ready = program, this_host(self._init)
        return self._ready


def run_command(program: str, bundle: Path, *, log: Path, pid_file: Path) -> list[str]:
    """Give the command line that runs a bundle to its end, without cgroups."""
    return [
        program,
        "--cgroup-manager=disabled",
        f"--root={os.fspath(bundle / 'state')}",
        f"--log={os.fspath(log)}",
        "--log-format=json",
        "run",
        f"--bundle={os.fspath(bundle)}",
        f"--pid-file={os.fspath(pid_file)}",
        bundle.name,
    ]
