"""Run a command in a container, and keep what it leaves behind."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from anyio.to_thread import run_sync

from engine.core.container import Executed
from engine.core.digest import Digest
from engine.core.mounts import TreeMount
from engine.core.output import LIMIT, tail
from engine.core.tree import SnapshotId, Source
from engine.errors import ExecError, InvalidRequest, PathError
from engine.solver.race import unless
from engine.solver.solver import Outcome
from engine.solver.stage import Start

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from engine.core.container import Container
    from engine.core.exec import Exec
    from engine.solver.ports import Bindings, Blobs, Bound, Capture, Captures, Json, ProcessFiles, Runtime, Step
    from engine.solver.solver import Solver
    from engine.solver.stage import Stage, Stager


_STREAMS = ("stdout", "stderr", "combined")
_MUCH = 1 << 20
"""Bytes of output that are better kept in a thread, and never in memory as a whole."""


class ExecOp:
    """Commands: cached, joined to one under way, or run."""

    def __init__(
        self,
        *,
        solver: Solver,
        stager: Stager,
        runtime: Runtime,
        files: ProcessFiles,
        captures: Captures,
        blobs: Blobs,
        bindings: Bindings,
    ) -> None:
        self._solver = solver
        self._stager = stager
        self._runtime = runtime
        self._files = files
        self._captures = captures
        self._blobs = blobs
        self._bindings = bindings

    async def run(self, command: Exec) -> Container:
        """Give the container as the command leaves it; raises ExecError for an exit code that is not expected."""
        result = await self._solver.solve(command.key, lambda: self._outcome(command), describe=command.describe())
        return _after(command.container, result)

    async def _outcome(self, command: Exec) -> Outcome:
        step = self._solver.progress.started(command.describe())
        try:
            async with self._bindings.bound(command.container.bindings) as bound:
                outcome = await unless(lambda: self._execute(command, bound, step), bound.lost)
        except BaseException as error:
            step.failed(error)
            raise
        step.done()
        return outcome

    async def _execute(self, command: Exec, bound: Bound, step: Step) -> Outcome:
        start = Start(args=command.args, aliases=bound.aliases, init=command.init, privileged=command.privileged)
        try:
            async with self._stager.stage(command.container, start) as stage:
                exit_code, capture = await self._process(command, stage, step)
                with closing(capture):
                    self._check(command, exit_code, capture)
                    return await self._keep(command, stage, exit_code, capture)
        except (InvalidRequest, PathError) as error:
            # As Dagger: what can not be set up (an unknown user, a file as working directory) is a failed command.
            raise ExecError(command=command.args, exit_code=1, stdout="", stderr=str(error)) from error

    async def _process(self, command: Exec, stage: Stage, step: Step) -> tuple[int, Capture]:
        stdin: bytes | Path = command.stdin.encode("utf-8", "surrogateescape")
        if command.redirect_stdin:
            stdin = await run_sync(self._files.input, stage.process, command.redirect_stdin)
        with self._redirects(command, stage) as redirects:
            capture = self._captures(secrets=stage.secrets, redirects=redirects, live=step.output)
            try:
                return await self._runtime.run(stage.process, capture, stdin=stdin), capture
            except BaseException:
                capture.close()
                raise

    @contextmanager
    def _redirects(self, command: Exec, stage: Stage) -> Iterator[Mapping[str, int]]:
        with ExitStack() as stack:
            opened = {}
            for stream, path in (("stdout", command.redirect_stdout), ("stderr", command.redirect_stderr)):
                if path:
                    opened[stream] = self._files.open_output(stage.process, path)
                    stack.callback(os.close, opened[stream])
            yield opened

    def _check(self, command: Exec, exit_code: int, capture: Capture) -> None:
        if not command.expect.accepts(exit_code):
            stdout, stderr = (tail(capture.end(name, LIMIT), capture.size(name)) for name in _STREAMS[:2])
            raise ExecError(command=command.args, exit_code=exit_code, stdout=stdout, stderr=stderr)

    async def _keep(self, command: Exec, stage: Stage, exit_code: int, capture: Capture) -> Outcome:
        rootfs = await stage.rootfs.commit(command.history)
        trees: dict[str, SnapshotId] = {}
        for mount, staged in stage.trees.items():
            changed = staged.changed()
            trees[mount.target] = await staged.commit(command.history) if changed else mount.source.snapshot
        blobs = await self._outputs(capture)
        return Outcome(
            result={"rootfs": rootfs, "trees": trees, "exit_code": exit_code, **blobs},
            snapshots=(rootfs, *(snapshot for snapshot in trees.values() if snapshot)),
            blobs=tuple(blobs.values()),
        )

    async def _outputs(self, capture: Capture) -> dict[str, Digest]:
        blobs = {name: await self._put(capture, name) for name in _STREAMS[:2]}
        # Mostly one of them is empty, and the other one is all there is.
        whole = next((name for name in blobs if capture.size(name) == capture.size("combined")), None)
        return blobs | {"combined": blobs[whole] if whole else await self._put(capture, "combined")}

    async def _put(self, capture: Capture, name: str) -> Digest:
        if capture.size(name) <= _MUCH:
            return self._blobs.put(b"".join(capture.pieces(name)))

        def write() -> Digest:
            with self._blobs.writer() as blob:
                for piece in capture.pieces(name):
                    blob.write(piece)
                return blob.commit()

        return await run_sync(write)


def _after(container: Container, result: Json) -> Container:
    trees = cast("Mapping[str, str]", result["trees"])
    executed = Executed(
        exit_code=cast("int", result["exit_code"]),
        stdout=Digest(str(result["stdout"])),
        stderr=Digest(str(result["stderr"])),
        combined=Digest(str(result["combined"])),
    )
    mounts = tuple(
        replace(mount, source=Source(snapshot=SnapshotId(trees[mount.target]), path=mount.source.path), counts="")
        if isinstance(mount, TreeMount) and trees.get(mount.target, mount.source.snapshot) != mount.source.snapshot
        else mount
        for mount in container.mounts
    )
    return container.changed(rootfs=SnapshotId(str(result["rootfs"])), mounts=mounts, executed=executed)
