"""What a container's process sees."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.cache_volume import CacheVolume, Sharing
from engine.core.digest import digest_of
from engine.core.mounts import CacheMount, SecretMount, SocketMount, TempMount, TreeMount
from engine.core.process import Bind, Tmpfs
from engine.core.secret import Secret
from engine.core.tree import EMPTY, Owner, SnapshotId, Source, WriteFile
from engine.errors import EngineError, InvalidRequest
from engine.solver.stage import PATH, Start
from tests.fakes.engine import EMPTY_CONTAINER, FakeEngine, fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.core.container import Container
    from engine.core.process import Process

START = Start(args=("true",), aliases={})


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[FakeEngine]:
    async with fake_engine(tmp_path) as engine:
        yield engine


async def _process(engine: FakeEngine, container: Container, start: Start = START) -> Process:
    async with engine.stager.stage(container, start) as stage:
        return stage.process


async def _env(engine: FakeEngine, container: Container) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in (await _process(engine, container)).env)


async def _bind(process: Process, target: str) -> Bind:
    (bind,) = (mount for mount in process.mounts if mount.target == target)
    assert isinstance(bind, Bind)
    return bind


async def _root(engine: FakeEngine, **files: str) -> SnapshotId:
    snapshot = EMPTY
    for path, text in files.items():
        change = WriteFile(path="/" + path.replace("__", "/"), contents=text.encode())
        snapshot = await engine.trees.apply(snapshot, change, "write")
    return snapshot


async def test_path_and_home_are_given_when_they_are_not_set(engine: FakeEngine) -> None:
    assert await _env(engine, EMPTY_CONTAINER) == {"PATH": PATH, "HOME": "/"}
    own = EMPTY_CONTAINER.with_config(env=(("PATH", "/bin"), ("HOME", "/h"), ("A", "1")))
    assert await _env(engine, own) == {"PATH": "/bin", "HOME": "/h", "A": "1"}


async def test_home_is_that_of_the_user(engine: FakeEngine) -> None:
    rootfs = await _root(engine, etc__passwd="bob:x:7:8::/home/bob:/bin/sh\n")
    bob = replace(EMPTY_CONTAINER, rootfs=rootfs).with_config(user="bob")
    assert (await _env(engine, bob))["HOME"] == "/home/bob"
    process = await _process(engine, bob)
    assert (process.uid, process.gid) == (7, 8)


async def test_variables_of_commands_win_over_those_of_the_image(engine: FakeEngine) -> None:
    container = replace(
        EMPTY_CONTAINER.with_config(env=(("A", "image"), ("B", "image"))),
        volatile_variables=(("A", "volatile"),),
        secret_variables=(("B", engine.secrets.set("s", "secret")),),
    )
    env = await _env(engine, container)
    assert (env["A"], env["B"]) == ("volatile", "secret")


@pytest.mark.parametrize(
    ("image", "host", "given"),
    [
        ((("HTTP_PROXY", "a"),), {"HTTP_PROXY": "b"}, {"HTTP_PROXY": "a", "http_proxy": "a"}),
        ((("http_proxy", "a"),), {}, {"HTTP_PROXY": "a", "http_proxy": "a"}),
        ((), {"no_proxy": "b"}, {"NO_PROXY": "b", "no_proxy": "b"}),
        ((), {"OTHER": "b"}, {}),
    ],
)
async def test_proxy_variables_come_from_the_image_else_from_the_host(
    engine: FakeEngine, image: tuple[tuple[str, str], ...], host: dict[str, str], given: dict[str, str]
) -> None:
    engine.environ |= host
    env = await _env(engine, EMPTY_CONTAINER.with_config(env=image))
    assert {name: value for name, value in env.items() if name not in ("PATH", "HOME")} == given


async def test_the_working_directory_is_made(engine: FakeEngine) -> None:
    async with engine.stager.stage(EMPTY_CONTAINER.with_config(workdir="/a/b"), START) as stage:
        assert stage.process.cwd == "/a/b"
        assert (stage.process.root / "a/b").is_dir()


async def test_an_unknown_user_is_refused(engine: FakeEngine) -> None:
    with pytest.raises(InvalidRequest, match="unable to find user ghost"):
        await _process(engine, EMPTY_CONTAINER.with_config(user="ghost"))


async def test_mounts_are_shown_in_their_order(engine: FakeEngine) -> None:
    tree = await _root(engine, sub__f="x")
    container = replace(
        EMPTY_CONTAINER,
        mounts=(
            TempMount(target="/t", size=5),
            TreeMount(target="/m", source=Source(snapshot=tree, path="/sub")),
            CacheMount(target="/c", volume=CacheVolume(key="k")),
            TreeMount(target="/f", source=Source(snapshot=tree, path="/sub/f"), is_file=True, read_only=True),
        ),
    )
    async with engine.stager.stage(container, START) as stage:
        targets = [mount.target for mount in stage.process.mounts]
        assert targets == ["/t", "/m", "/c", "/f", "/etc/hosts", "/etc/resolv.conf"]
        assert stage.process.mounts[0] == Tmpfs(target="/t", size=5)
        assert ((await _bind(stage.process, "/m")).source / "f").read_text() == "x"
        file = await _bind(stage.process, "/f")
        assert (file.source.read_text(), file.read_only) == ("x", True)
        assert [mount.target for mount in stage.trees] == ["/m"]


async def test_a_volume_is_filled_from_its_source_and_given_to_its_owner(engine: FakeEngine) -> None:
    source = Source(snapshot=await _root(engine, sub__f="seed"), path="/sub")
    volume = CacheVolume(key="k", source=source, source_digest=digest_of("x"), owner=Owner(uid=0, gid=0))
    container = replace(EMPTY_CONTAINER, mounts=(CacheMount(target="/c", volume=volume),))
    async with engine.stager.stage(container, START) as stage:
        assert ((await _bind(stage.process, "/c")).source / "f").read_text() == "seed"


async def test_one_volume_may_be_shown_twice_though_it_is_locked(engine: FakeEngine) -> None:
    volume = CacheVolume(key="k", sharing=Sharing.LOCKED)
    mounts = tuple(CacheMount(target=target, volume=volume) for target in ("/c", "/d"))
    with anyio.fail_after(5):
        process = await _process(engine, replace(EMPTY_CONTAINER, mounts=mounts))
    assert (await _bind(process, "/c")).source == (await _bind(process, "/d")).source


async def test_volumes_are_held_in_one_order_so_that_none_wait_in_a_circle(engine: FakeEngine) -> None:
    mounts = [CacheMount(target=f"/{key}", volume=CacheVolume(key=key, sharing=Sharing.LOCKED)) for key in "ab"]

    async def use(*order: CacheMount) -> None:
        async with engine.stager.stage(replace(EMPTY_CONTAINER, mounts=order), START):
            await anyio.sleep(0.01)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(use, *mounts)
                group.start_soon(use, *reversed(mounts))


async def test_a_mounted_secret_is_a_file_of_its_own_for_the_time(engine: FakeEngine) -> None:
    secret = engine.secrets.set("s", "plain")
    mount = SecretMount(target="/s", secret=secret, owner=Owner(uid=0, gid=0), mode=0o440)
    async with engine.stager.stage(replace(EMPTY_CONTAINER, secret_mounts=(mount,)), START) as stage:
        bind = await _bind(stage.process, "/s")
        assert (bind.source.read_text(), bind.read_only) == ("plain", True)
        assert bind.source.stat().st_mode & 0o777 == 0o440
        assert stage.secrets == (b"plain",)
    assert not bind.source.exists()


async def test_a_secret_that_can_not_be_read_is_told(engine: FakeEngine) -> None:
    secret = Secret(uri="env://NOPE_X", identity=digest_of("x"), handle="h")
    with pytest.raises(EngineError, match=r'secret env var not found: "NOP\.\.\."'):
        await _process(engine, replace(EMPTY_CONTAINER, secret_variables=(("S", secret),)))


async def test_a_socket_of_the_host_is_shown(engine: FakeEngine, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        mount = SocketMount(target="/s", host_path=str(tmp_path / "s"), owner=Owner(uid=0, gid=0))
        process = await _process(engine, replace(EMPTY_CONTAINER, sockets=(mount,)))
    assert (await _bind(process, "/s")).source == tmp_path / "s"


async def test_names_of_services_are_known(engine: FakeEngine) -> None:
    start = Start(args=("true",), hostname="web", aliases={"db": "10.1.2.3"})
    async with engine.stager.stage(EMPTY_CONTAINER, start) as stage:
        assert "10.1.2.3 db" in (await _bind(stage.process, "/etc/hosts")).source.read_text()
        assert stage.process.hostname == "web"


async def test_nothing_is_kept_unless_it_is_committed(engine: FakeEngine) -> None:
    async with engine.stager.stage(EMPTY_CONTAINER, START) as stage:
        root = stage.process.root
        (root / "f").touch()
    assert not root.exists()
