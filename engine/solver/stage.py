"""Set up what a container's process sees: its root, its mounts, its user, its place in the network."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from engine.core.mounts import CacheMount, TempMount, TreeMount
from engine.core.passwd import Accounts
from engine.core.process import Bind, Process, Tmpfs
from engine.core.tree import Chown, CopyTree
from engine.core.workdir import absolute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from engine.core.container import Container
    from engine.core.passwd import User
    from engine.core.secret import Secret
    from engine.solver.ports import (
        Network,
        Plaintexts,
        ProcessFiles,
        SecretFiles,
        Snapshots,
        Staged,
        Trees,
        Volumes,
    )

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A container's process, ready to run, and the trees that it writes to."""

    process: Process
    rootfs: Staged
    trees: Mapping[TreeMount, Staged]
    secrets: tuple[bytes, ...]
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is started in the container."""

    args: tuple[str, ...]
    hostname: str = "dagger"
    aliases: Mapping[str, str]
    init: bool = True
    privileged: bool = False


class Stager:
    """Builds stages out of the edges."""

    def __init__(
        self,
        *,
        snapshots: Snapshots,
        trees: Trees,
        volumes: Volumes,
        network: Network,
        files: ProcessFiles,
        plaintexts: Plaintexts,
        secret_files: SecretFiles,
        environ: Mapping[str, str],
    ) -> None:
        self._snapshots = snapshots
        self._trees = trees
        self._volumes = volumes
        self._network = network
        self._files = files
        self._plaintexts = plaintexts
        self._secret_files = secret_files
        self._environ = environ

    @asynccontextmanager
    async def stage(self, container: Container, start: Start) -> AsyncIterator[Stage]:
        """Have everything in place; on exit it is all taken away again, but for what was committed."""
        async with AsyncExitStack() as stack:
            rootfs = await stack.enter_async_context(self._snapshots.stage(container.rootfs))
            passwd, group = await run_sync(self._trees.passwd, rootfs.root)
            user = Accounts(passwd=passwd, group=group).user(container.config.user)
            staged, tree_mounts = await self._mounts(stack, container)
            secrets = await self._secrets(container)
            joined = await stack.enter_async_context(self._network.join(hostname=start.hostname, aliases=start.aliases))
            process = Process(
                root=rootfs.root,
                args=start.args,
                env=self._env(container, user, secrets),
                cwd=absolute(container.config.workdir or "/"),
                uid=user.uid,
                gid=user.gid,
                groups=user.groups,
                hostname=start.hostname,
                mounts=(
                    *tree_mounts,
                    *await self._secret_binds(stack, container),
                    *await self._socket_binds(stack, container),
                    Bind(source=joined.hosts, target="/etc/hosts"),
                    Bind(source=joined.resolv_conf, target="/etc/resolv.conf"),
                ),
                network_namespace=joined.namespace,
                init=start.init,
                privileged=start.privileged,
            )
            await run_sync(self._files.make_workdir, process)
            yield Stage(
                process=process,
                rootfs=rootfs,
                trees=staged,
                secrets=tuple(dict.fromkeys(secrets.values())),
                address=joined.address,
            )

    async def _mounts(
        self, stack: AsyncExitStack, container: Container
    ) -> tuple[dict[TreeMount, Staged], list[Bind | Tmpfs]]:
        """Stage the mounted trees; hold the cache volumes, in one order for all so that none wait in a circle."""
        staged: dict[TreeMount, Staged] = {}
        shown: dict[str, Bind | Tmpfs] = {}
        caches = [mount for mount in container.mounts if isinstance(mount, CacheMount)]
        held: dict[str, Path] = {}
        for cache in sorted(caches, key=lambda cache: cache.volume.identity):
            if cache.volume.identity not in held:
                held[cache.volume.identity] = await self._hold(stack, cache)
            shown[cache.target] = Bind(source=held[cache.volume.identity], target=cache.target)
        for mount in container.mounts:
            if isinstance(mount, TempMount):
                shown[mount.target] = Tmpfs(target=mount.target, size=mount.size)
            elif isinstance(mount, TreeMount):
                root = await self._tree(stack, mount, staged)
                inside = await run_sync(self._trees.resolve, root, mount.source.path)
                source = root / inside.lstrip("/")
                shown[mount.target] = Bind(source=source, target=mount.target, read_only=mount.read_only)
        return staged, [shown[mount.target] for mount in container.mounts]

    async def _tree(self, stack: AsyncExitStack, mount: TreeMount, staged: dict[TreeMount, Staged]) -> Path:
        if mount.read_only:
            return await stack.enter_async_context(self._snapshots.view(mount.source.snapshot))
        staged[mount] = await stack.enter_async_context(self._snapshots.stage(mount.source.snapshot))
        return staged[mount].root

    async def _hold(self, stack: AsyncExitStack, mount: CacheMount) -> Path:
        volume = mount.volume
        root: Path | None = None
        if volume.source:
            root = await stack.enter_async_context(self._snapshots.view(volume.source.snapshot))

        def fill(path: Path) -> None:
            if volume.source:
                change = CopyTree(path="/", source=volume.source, owner=volume.owner)
                self._trees.apply(path, change, root)
            if volume.owner:
                self._trees.apply(path, Chown(path="/", owner=volume.owner))

        return await stack.enter_async_context(
            self._volumes.use(volume.identity, exclusive=volume.sharing.exclusive, fill=fill)
        )

    async def _secrets(self, container: Container) -> dict[Secret, bytes]:
        secrets = [secret for _, secret in container.secret_variables]
        secrets += [mount.secret for mount in container.secret_mounts]
        return {secret: await self._plaintexts.plaintext(secret) for secret in secrets}

    async def _secret_binds(self, stack: AsyncExitStack, container: Container) -> list[Bind]:
        binds = []
        for mount in container.secret_mounts:
            plaintext = await self._plaintexts.plaintext(mount.secret)
            source = stack.enter_context(self._secret_files.file(plaintext, owner=mount.owner, mode=mount.mode))
            binds.append(Bind(source=source, target=mount.target, read_only=True))
        return binds

    async def _socket_binds(self, stack: AsyncExitStack, container: Container) -> list[Bind]:
        """Sockets of our own, as the host's has an owner and a mode that are not for the container."""
        binds = []
        for mount in container.sockets:
            relay = self._network.relay(Path(mount.host_path), owner=mount.owner)
            binds.append(Bind(source=await stack.enter_async_context(relay), target=mount.target))
        return binds

    def _env(self, container: Container, user: User, secrets: Mapping[Secret, bytes]) -> tuple[str, ...]:
        """Environment of a process: configuration, then what only commands see; HOME and PATH when they are not set."""
        env = dict(container.config.env)
        env.setdefault("PATH", PATH)
        env |= _proxies(env, self._environ)
        env |= dict(container.volatile_variables)
        for name, secret in container.secret_variables:
            env[name] = secrets[secret].decode("utf-8", "surrogateescape")
        env.setdefault("HOME", user.home)
        return tuple(f"{name}={value}" for name, value in env.items())


def _proxies(env: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Proxy variables: those of the container in both spellings, else those of the engine."""
    found: dict[str, str] = {}
    for name in _PROXIES:
        for source in (env, environ):
            value = source.get(name) or source.get(name.lower())
            if value:
                found |= {name: value, name.lower(): value}
                break
    return found
