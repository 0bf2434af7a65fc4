"""RUN: a command, and what it sees beside the stage's own files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.cache_volume import CacheVolume
from engine.core.directory import Directory
from engine.core.dockerfile.commands import Command
from engine.core.exec import Exec
from engine.core.mounts import CacheMount, SecretMount, SocketMount, TempMount, TreeMount
from engine.core.tree import FileType, Owner, Source, WriteFile
from engine.core.workdir import absolute
from engine.errors import InvalidRequest
from engine.schema.cache_volume import volume_of

if TYPE_CHECKING:
    from engine.core.container import Container
    from engine.core.dockerfile.building import Building
    from engine.core.dockerfile.commands import Run, RunMount
    from engine.core.dockerfile.stages import Stage
    from engine.core.dockerfile.syntax import Heredoc
    from engine.core.secret import Secret
    from engine.schema.dockerfile.build import Builder

_SCRIPTS = "/dev/pipes"
_SECRETS = "/run/secrets"
_AGENT = "/run/buildkit/ssh_agent.0"
_SECRET_MODE = 0o400
_SCRIPT_MODE = 0o755
_SIZES = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


async def ran(builder: Builder, building: Building, step: Run, stage: Stage) -> Building:
    """Run a command; of what it changes only the stage's own files stay. Raises ExecError."""
    container = building.container.with_config(env=tuple(building.variables.items()))
    for mount in step.mounts:
        container = await _mounted(builder, building, container, mount, stage)
    argv = building.argv(step.command)
    if step.script is not None:
        container, argv = await _scripted(builder, building, container, step.script)
    done = await builder.session.execs.run(Exec(container=container, args=argv, init=builder.request.init))
    return replace(building, container=building.container.changed(rootfs=done.rootfs))


async def _scripted(
    builder: Builder, building: Building, container: Container, script: Heredoc
) -> tuple[Container, tuple[str, ...]]:
    """Have a here-document run: by its own interpreter if it names one, else by the shell."""
    if not script.contents.startswith("#!"):
        return container, building.argv(Command(words=(script.contents,), for_shell=True))
    path = f"/{script.name}"
    change = WriteFile(path=path, contents=script.contents.encode(), mode=_SCRIPT_MODE)
    snapshot = await builder.session.trees.apply(Directory().source.snapshot, change, "script")
    target = f"{_SCRIPTS}{path}"
    source = Source(snapshot=snapshot, path=path)
    counts = await builder.session.trees.counts(source)
    mount = TreeMount(target=target, source=source, counts=counts, is_file=True, read_only=True)
    return container.with_mount(mount), (target,)


async def _mounted(
    builder: Builder, building: Building, container: Container, mount: RunMount, stage: Stage
) -> Container:
    expand = replace(mount, options=tuple((name, building.expand(value)) for name, value in mount.options))
    match mount.kind:
        case "bind":
            return container.with_mount(await _bind(builder, building, expand, stage))
        case "cache":
            return container.with_mount(await _cache(builder, building, expand, stage))
        case "tmpfs":
            return container.with_mount(TempMount(target=_target(building, expand), size=_size(expand.get("size"))))
        case "secret":
            return _secret(builder, building, container, expand)
    return _agent(builder, building, container, expand)


def _check(mount: RunMount, *known: str) -> None:
    for name, _ in mount.options:
        if name not in known:
            raise InvalidRequest(f"--mount=type={mount.kind}: the option {name} is not supported by this engine")


_TARGET = ("target", "dst", "destination")


def _target(building: Building, mount: RunMount, default: str = "") -> str:
    path = mount.get(*_TARGET) or default
    if not path:
        raise InvalidRequest(f"--mount=type={mount.kind}: no target is given")
    return absolute(path, building.container.config.workdir)


async def _source(builder: Builder, mount: RunMount, stage: Stage) -> Source:
    """Give the tree that a mount shows; raises EngineError for a path that is not there."""
    name = mount.get("from")
    origin = await builder.origin(name, stage) if name else builder.request.context
    path = absolute(mount.get("source", "src") or "/", origin.path)
    trees = builder.session.trees
    return replace(origin, path=await trees.read(origin.snapshot, lambda ports, root: ports.resolve(root, path)))


async def _bind(builder: Builder, building: Building, mount: RunMount, stage: Stage) -> TreeMount:
    _check(mount, *_TARGET, "source", "src", "from", "rw", "readwrite", "ro", "readonly")
    source = await _source(builder, mount, stage)
    trees = builder.session.trees
    kind = await trees.read(source.snapshot, lambda ports, root: ports.stat(root, source.path).file_type)
    return TreeMount(
        target=_target(building, mount),
        source=source,
        counts=await trees.counts(source),
        is_file=kind is not FileType.DIRECTORY,
        read_only=not mount.flag("rw", "readwrite"),
    )


async def _cache(builder: Builder, building: Building, mount: RunMount, stage: Stage) -> CacheMount:
    _check(mount, *_TARGET, "id", "sharing", "from", "source", "src", "uid", "gid", "rw", "readwrite")
    target = _target(building, mount)
    sharing = mount.get("sharing").upper() or "SHARED"
    if sharing not in ("SHARED", "PRIVATE", "LOCKED"):
        raise InvalidRequest(f"--mount=type=cache: sharing is shared, private or locked, not {mount.get('sharing')}")
    source = Directory(source=await _source(builder, mount, stage)) if mount.get("from") else None
    volume = await volume_of(
        builder.session,
        CacheVolume(key=f"dockerfile {mount.get('id') or target}"),
        sharing=sharing,
        owner=_owner(mount) if mount.get("uid") or mount.get("gid") else None,
        source=source,
    )
    return CacheMount(target=target, volume=volume)


def _secret(builder: Builder, building: Building, container: Container, mount: RunMount) -> Container:
    _check(mount, *_TARGET, "id", "source", "src", "required", "mode", "uid", "gid", "env")
    name = mount.get("id", "source", "src") or mount.get(*_TARGET).rpartition("/")[2]
    secret = _named(builder.request.secrets, name)
    if secret is None:
        if mount.flag("required"):
            raise InvalidRequest(f"--mount=type=secret: no secret {name!r} was given to the build")
        return container
    variable = mount.get("env")
    if variable:
        container = container.changed(secret_variables=(*container.secret_variables, (variable, secret)))
    if mount.get(*_TARGET) or not variable:
        found = SecretMount(
            target=_target(building, mount, f"{_SECRETS}/{name}"),
            secret=secret,
            owner=_owner(mount),
            mode=int(mount.get("mode"), 8) if mount.get("mode") else _SECRET_MODE,
        )
        container = container.changed(secret_mounts=(*container.secret_mounts, found))
    return container


def _named(secrets: tuple[Secret, ...], name: str) -> Secret | None:
    return next((secret for secret in secrets if name and name in (secret.name, secret.uri)), None)


def _agent(builder: Builder, building: Building, container: Container, mount: RunMount) -> Container:
    _check(mount, *_TARGET, "id", "required", "mode", "uid", "gid")
    if builder.request.ssh is None:
        if mount.flag("required"):
            raise InvalidRequest("--mount=type=ssh: no socket of an SSH agent was given to the build")
        return container
    target = _target(building, mount, _AGENT)
    socket = SocketMount(target=target, host_path=builder.request.ssh.host_path, owner=_owner(mount))
    env = (*container.config.env, ("SSH_AUTH_SOCK", target))
    return container.changed(sockets=(*container.sockets, socket)).with_config(env=env)


def _owner(mount: RunMount) -> Owner:
    uid, gid = mount.get("uid") or "0", mount.get("gid") or "0"
    if not uid.isdecimal() or not gid.isdecimal():
        raise InvalidRequest(f"--mount=type={mount.kind}: uid and gid must be numbers")
    return Owner(uid=int(uid), gid=int(gid))


def _size(text: str) -> int:
    number = text.rstrip("bBkKmMgG") or "0"
    unit = text[len(number) :].lower() if text else ""
    if not number.isdecimal() or unit.removesuffix("b") not in _SIZES:
        raise InvalidRequest(f"--mount=type=tmpfs: {text!r} is not a size")
    return int(number) * _SIZES[unit.removesuffix("b")]
