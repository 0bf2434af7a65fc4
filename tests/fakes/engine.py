"""The solver on fakes and on what needs no root: no mounts, no containers, no network of its own."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from engine.core.container import Container
from engine.core.exec import Exec
from engine.core.platform import Platform
from engine.executor.output import Capture
from engine.executor.process_files import MountedFiles
from engine.executor.secret_files import MemorySecretFiles
from engine.hostfs import LocalHostFiles
from engine.log import Lines, PlainProgress, Verbosity
from engine.session.launch import Launcher
from engine.session.secrets import Secrets
from engine.session.services import Services
from engine.solver.exec_op import ExecOp
from engine.solver.flights import Flights
from engine.solver.solver import Solver
from engine.solver.stage import Stager
from engine.solver.trees import TreeOps
from engine.store.tree import FileTrees
from tests.fakes.blobs import FakeBlobs
from tests.fakes.cache_map import FakeCacheMap
from tests.fakes.network import FakeNetwork
from tests.fakes.runtime import FakeRuntime
from tests.fakes.snapshots import FakeSnapshots
from tests.fakes.volumes import FakeVolumes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from anyio.abc import TaskGroup

EMPTY_CONTAINER = Container(platform=Platform.parse("linux/amd64"))


class FakeEngine:
    """Everything below the API; `fake_engine` opens one."""

    def __init__(self, folder: Path, group: TaskGroup, runtime: FakeRuntime, host: LocalHostFiles) -> None:
        for name in ("blobs", "secrets"):
            (folder / name).mkdir()
        self.told = io.StringIO()
        self.environ: dict[str, str] = {}
        self.runtime = runtime
        self.cache = FakeCacheMap()
        self.snapshots = FakeSnapshots(folder / "snapshots")
        self.blobs = FakeBlobs(folder / "blobs")
        self.network = FakeNetwork(folder / "network")
        self.secrets = Secrets(environ=self.environ, workdir=folder, salt=b"salt")
        progress = PlainProgress(Lines(self.told), Verbosity.NORMAL)
        self.solver = Solver(cache=self.cache, flights=Flights(group), progress=progress)
        self.stager = Stager(
            snapshots=self.snapshots,
            trees=FileTrees(),
            volumes=FakeVolumes(folder / "volumes"),
            network=self.network,
            files=MountedFiles(),
            plaintexts=self.secrets,
            secret_files=MemorySecretFiles(folder / "secrets"),
            environ=self.environ,
        )
        self.launcher = Launcher(
            stager=self.stager, runtime=runtime, network=self.network, captures=Capture, progress=progress
        )
        self.services = Services(group=group, launcher=self.launcher, detach_grace=0.0)
        self.trees = TreeOps(solver=self.solver, snapshots=self.snapshots, trees=FileTrees(), host=host)
        self.execs = ExecOp(
            solver=self.solver,
            stager=self.stager,
            runtime=runtime,
            files=MountedFiles(),
            captures=Capture,
            blobs=self.blobs,
            bindings=self.services,
        )

    async def run(self, script: str, container: Container = EMPTY_CONTAINER, **options: object) -> Container:
        """Run a shell's script in the root of a container."""
        return await self.execs.run(Exec(container=container, args=("sh", "-c", script), **options))  # type: ignore[arg-type]

    def stdout(self, container: Container) -> str:
        """What the last command printed."""
        assert container.executed
        return self.blobs.get(container.executed.stdout).decode()


@asynccontextmanager
async def fake_engine(
    folder: Path, *, runtime: FakeRuntime | None = None, host: LocalHostFiles | None = None
) -> AsyncIterator[FakeEngine]:
    """Have an engine; what it runs ends with it."""
    async with anyio.create_task_group() as group:
        yield FakeEngine(folder, group, runtime or FakeRuntime(), host or LocalHostFiles())
        group.cancel_scope.cancel()
