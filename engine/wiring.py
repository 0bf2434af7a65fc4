"""Build the real edges and hand them to a session: the only file that names concrete edges."""

from __future__ import annotations

import secrets
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from engine.core.platform import host as host_platform
from engine.errors import EngineError
from engine.executor.memory import memory_folder
from engine.executor.output import Capture
from engine.executor.process_files import MountedFiles
from engine.executor.runtime import OciRuntime
from engine.executor.secret_files import secret_files
from engine.hostfs import LocalHostFiles
from engine.log import Lines, PlainProgress
from engine.network.network import SessionNetwork
from engine.registry.docker import DockerImages
from engine.registry.skopeo import SkopeoRegistry
from engine.schema.source import schema_digest
from engine.server.graphql import GraphqlHandler
from engine.server.introspection import IntrospectionCache
from engine.session.launch import Launcher
from engine.session.lazy import Nodes
from engine.session.registries import Registries
from engine.session.secrets import Secrets
from engine.session.services import Services
from engine.session.session import Session
from engine.solver.exec_op import ExecOp
from engine.solver.flights import Flights
from engine.solver.git_ops import GitOps
from engine.solver.http_ops import HttpOps
from engine.solver.image_ops import ImageOps
from engine.solver.local_images import LocalImageOps
from engine.solver.solver import Solver
from engine.solver.stage import Stager
from engine.solver.trees import TreeOps
from engine.store.opening import opened_store
from engine.store.salt import store_salt
from engine.store.tree import FileTrees
from engine.vcs.git import GitProgram
from engine.web.client import HttpxWeb
from engine.web.validators import FileValidators

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from anyio.abc import TaskGroup
    from graphql import GraphQLSchema

    from engine.settings import EngineSettings
    from engine.store.opening import Store


@asynccontextmanager
async def open_engine(settings: EngineSettings) -> AsyncIterator[GraphqlHandler]:
    """Have an engine ready to answer; everything that it started is gone on exit."""
    async with AsyncExitStack() as stack:
        store = stack.enter_context(opened_store(settings.state))
        group = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(group.cancel_scope.cancel)
        session = await _session(settings, store, group, stack, PlainProgress(Lines(sys.stderr), settings.verbosity))
        introspection = IntrospectionCache(directory=settings.state / "introspection", schema_digest=schema_digest())
        handler = GraphqlHandler(schema=_schema, context=session, introspection=introspection)
        group.start_soon(handler.build)
        yield handler


def _schema() -> GraphQLSchema:
    from engine.schema.api import api_schema  # noqa: PLC0415 - late, for a quick start: it loads graphql

    return api_schema()


async def _session(
    settings: EngineSettings, store: Store, group: TaskGroup, stack: AsyncExitStack, progress: PlainProgress
) -> Session:
    # What a runtime is told has the secrets of its command in it: never on a disk, nor in need of space on one.
    memory = stack.enter_context(memory_folder(store.staging.new_path()))
    runtime = OciRuntime(memory / "containers")
    network = await stack.enter_async_context(SessionNetwork(store.staging.new_path()))
    flights, trees, host = Flights(group), FileTrees(), LocalHostFiles()
    solver = Solver(cache=store.cache_map, flights=flights, progress=progress)
    keeper = Secrets(environ=settings.environ, workdir=settings.workdir, salt=store_salt(settings.state))
    stager = _stager(settings, store, stack, trees=trees, network=network, keeper=keeper)
    captures = _Captures(store.staging.folder)
    launcher = Launcher(stager=stager, runtime=runtime, network=network, captures=captures, progress=progress)
    services = Services(group=group, launcher=launcher)
    scratch = store.staging.new_path()
    scratch.mkdir()
    tree_ops = TreeOps(solver=solver, snapshots=store.snapshots, trees=trees, host=host)
    images = _image_ops(settings, store, scratch=scratch, memory=memory)
    repositories = GitProgram(mirrors=settings.state / "git", scratch=scratch, environ=settings.environ)
    return Session(
        key=secrets.token_hex(16),
        workdir=settings.workdir,
        platform=host_platform(),
        nodes=Nodes(flights),
        secrets=keeper,
        services=services,
        registries=Registries(),
        trees=tree_ops,
        execs=ExecOp(
            solver=solver,
            stager=stager,
            runtime=runtime,
            files=MountedFiles(),
            captures=captures,
            blobs=store.blobs,
            bindings=services,
        ),
        images=images,
        local_images=LocalImageOps(images=images, local=DockerImages(), scratch=scratch),
        web=_http_ops(settings, store, solver),
        git=GitOps(
            solver=solver, flights=flights, snapshots=store.snapshots, trees=tree_ops, repositories=repositories
        ),
        blobs=store.blobs,
        host=host,
    )


def _stager(
    settings: EngineSettings,
    store: Store,
    stack: AsyncExitStack,
    *,
    trees: FileTrees,
    network: SessionNetwork,
    keeper: Secrets,
) -> Stager:
    return Stager(
        snapshots=store.snapshots,
        trees=trees,
        volumes=store.volumes,
        network=network,
        files=MountedFiles(),
        plaintexts=keeper,
        secret_files=stack.enter_context(secret_files(store.staging.new_path())),
        environ=settings.environ,
    )


def _http_ops(settings: EngineSettings, store: Store, solver: Solver) -> HttpOps:
    return HttpOps(
        solver=solver,
        snapshots=store.snapshots,
        web=HttpxWeb(),
        validators=FileValidators(settings.state / "http"),
    )


def _image_ops(settings: EngineSettings, store: Store, *, scratch: Path, memory: Path) -> ImageOps:
    return ImageOps(
        snapshots=store.snapshots,
        blobs=store.blobs,
        cache_map=store.cache_map,
        registry=SkopeoRegistry(scratch=scratch, private=memory, docker_config=_docker_config(settings.environ)),
        scratch=scratch,
        created=_source_date(settings.environ),
    )


def _source_date(environ: Mapping[str, str]) -> datetime | None:
    """Read SOURCE_DATE_EPOCH, seconds since 1970 (reproducible-builds.org); raises EngineError for another text."""
    text = environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return None
    if not text.isdecimal():
        raise EngineError(f"SOURCE_DATE_EPOCH must be a number of seconds since 1970, not {text!r}")
    return datetime.fromtimestamp(int(text), UTC)


def _docker_config(environ: Mapping[str, str]) -> Path:
    """Where the docker client keeps the logins of its user."""
    folder = environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/")) / ".docker"
    return Path(folder) / "config.json"


class _Captures:
    """Makes captures that spill into a session's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self, *, secrets: Sequence[bytes], redirects: Mapping[str, int], live: Callable[[str, bytes], None]
    ) -> Capture:
        return Capture(secrets=secrets, redirects=redirects, live=live, folder=self._folder)
