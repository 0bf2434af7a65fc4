"""Trees of Git repositories: a name is looked up once in a session, the files of a commit are kept for good."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from engine.core.digest import digest_of
from engine.core.tree import EMPTY, SnapshotId, Source
from engine.solver.solver import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.core.digest import Digest
    from engine.core.git import Checkout, GitAccess, GitRefs
    from engine.solver.flights import Flights
    from engine.solver.ports import Repositories, Snapshots
    from engine.solver.solver import Solver
    from engine.solver.trees import TreeOps

    Place = GitAccess | Source  # elsewhere, or in a snapshot


class GitOps:
    """What the solver does with Git repositories.

    The state is `_refs`, what the session's remotes had when they were first asked; it only grows.
    """

    def __init__(
        self, *, solver: Solver, flights: Flights, snapshots: Snapshots, trees: TreeOps, repositories: Repositories
    ) -> None:
        self._solver = solver
        self._flights = flights
        self._snapshots = snapshots
        self._trees = trees
        self._repositories = repositories
        self._refs: dict[Digest, GitRefs] = {}

    def __repr__(self) -> str:
        return f"<GitOps {len(self._refs)} remotes>"

    async def remote_refs(self, identity: Digest, access: GitAccess) -> GitRefs:
        """Give the names of a remote as they were when the session first asked; raises EngineError."""
        if identity not in self._refs:
            refs = await self._flights.join(
                digest_of(["git refs", identity]), lambda: self._repositories.remote_refs(access)
            )
            self._refs.setdefault(identity, refs)
        return self._refs[identity]

    async def local_refs(self, source: Source) -> GitRefs:
        """Give the names of the repository in a directory; raises EngineError when there is none."""
        async with self._adopted(source) as repository:
            return await self._repositories.local_refs(repository)

    async def tree(self, wanted: Checkout, place: Place) -> SnapshotId:
        """Give the files of a commit; those that are known need no repository."""

        async def run() -> Outcome:
            step = self._solver.progress.started(f"git {wanted.url or 'checkout'} {wanted.commit}")
            try:
                snapshot = await self._checked_out(wanted, place)
            except BaseException as error:
                step.failed(error)
                raise
            step.done()
            return Outcome(result={"snapshot": snapshot}, snapshots=(snapshot,))

        result = await self._solver.solve(wanted.key, run, describe=f"git {wanted.url or 'checkout'} {wanted.commit}")
        return SnapshotId(str(result["snapshot"]))

    async def _checked_out(self, wanted: Checkout, place: Place) -> SnapshotId:
        async with AsyncExitStack() as stack:
            repository = await self._having(stack, place, wanted.commit, depth=wanted.depth, tags=wanted.tags)
            staged = await stack.enter_async_context(self._snapshots.stage(EMPTY))
            access = None if isinstance(place, Source) else place
            await self._repositories.check_out(repository, wanted, staged.root, access)
            return await staged.commit(f"git checkout {wanted.commit}")

    async def cleaned(self, source: Source) -> SnapshotId:
        """Give the snapshot in which the working tree is what HEAD has."""
        key = digest_of(["git clean", source.snapshot, source.path])

        async def run() -> Outcome:
            async with self._adopted(source) as repository, self._snapshots.stage(source.snapshot) as staged:
                inside = await self._trees.read(
                    source.snapshot, lambda trees, root: trees.resolve(root, source.path).lstrip("/")
                )
                await self._repositories.clean(repository, staged.root / inside)
                snapshot = await staged.commit("git clean")
                return Outcome(result={"snapshot": snapshot}, snapshots=(snapshot,))

        return SnapshotId(str((await self._solver.solve(key, run))["snapshot"]))

    async def common_ancestor(self, one: tuple[Place, str], other: tuple[Place, str]) -> str:
        """Give the best commit that both have in their history; raises EngineError when there is none."""
        async with AsyncExitStack() as stack:
            repositories = [await self._having(stack, place, commit) for place, commit in (one, other)]
            return await self._repositories.common_ancestor(repositories, one[1], other[1])

    async def _having(
        self, stack: AsyncExitStack, place: Place, commit: str, *, depth: int = 0, tags: bool = False
    ) -> Path:
        """Have a repository that has the commit."""
        if isinstance(place, Source):
            return await stack.enter_async_context(self._adopted(place))
        return await self._repositories.fetch(place, commit, depth=depth, tags=tags)

    @asynccontextmanager
    async def _adopted(self, source: Source) -> AsyncIterator[Path]:
        async with (
            self._trees.shown(source) as folder,
            self._repositories.adopted(folder) as repository,
        ):
            yield repository
