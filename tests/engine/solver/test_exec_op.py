"""Commands: when they run, what they leave, what counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.exec import ReturnType
from engine.core.mounts import TreeMount
from engine.core.port import Port
from engine.core.service import ContainerService
from engine.core.tree import EMPTY, SnapshotId, Source, WriteFile
from engine.errors import CommandFailed, EngineError, ExecError
from tests.fakes.engine import EMPTY_CONTAINER, FakeEngine, fake_engine
from tests.fakes.runtime import FailingRuntime, FakeRuntime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.core.container import Container


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime()


@pytest.fixture
async def engine(tmp_path: Path, runtime: FakeRuntime) -> AsyncIterator[FakeEngine]:
    async with fake_engine(tmp_path, runtime=runtime) as engine:
        yield engine


async def _read(engine: FakeEngine, container: Container, path: str) -> str:
    async with engine.snapshots.view(container.rootfs) as root:
        return (root / path).read_text()


async def _tree(engine: FakeEngine, text: str) -> SnapshotId:
    return await engine.trees.apply(EMPTY, WriteFile(path="/d/f", contents=text.encode()), "write")


async def test_a_command_leaves_its_files_and_its_output(engine: FakeEngine) -> None:
    after = await engine.run("echo made > f; echo out; echo err >&2; exit 3", expect=ReturnType.ANY)
    assert await _read(engine, after, "f") == "made\n"
    assert after.executed
    assert after.executed.exit_code == 3
    assert engine.blobs.get(after.executed.stdout) == b"out\n"
    assert engine.blobs.get(after.executed.stderr) == b"err\n"
    assert engine.snapshots.described(after.rootfs)[0].startswith("mount / from exec sh -c echo made")


async def test_a_command_is_run_once(engine: FakeEngine, runtime: FakeRuntime) -> None:
    one, same = [await engine.run("echo x") for _ in range(2)]
    assert one == same
    assert len(runtime.ran) == 1
    assert "CACHED" in engine.told.getvalue()


async def test_the_same_command_asked_at_once_is_run_once(engine: FakeEngine, runtime: FakeRuntime) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(engine.run, "sleep 0.1")
    assert len(runtime.ran) == 1


async def test_a_command_goes_on_until_all_who_asked_went_away(engine: FakeEngine, runtime: FakeRuntime) -> None:
    script = "sleep 0.3; echo x"
    async with anyio.create_task_group() as staying:
        staying.start_soon(engine.run, script)
        with anyio.move_on_after(0.1):
            await engine.run(script)
    assert engine.stdout(await engine.run(script)) == "x\n"
    assert len(runtime.ran) == 1


async def test_a_command_that_nobody_waits_for_is_ended(
    engine: FakeEngine, runtime: FakeRuntime, tmp_path: Path
) -> None:
    script = f"sleep 0.3; touch {tmp_path / 'late'}"
    with anyio.move_on_after(0.1):
        await engine.run(script)
    await anyio.sleep(0.4)
    assert not (tmp_path / "late").exists()
    assert "CANCELED" in engine.told.getvalue()
    await engine.run(script)
    assert len(runtime.ran) == 2


async def test_a_failing_command_keeps_nothing_and_is_run_again(engine: FakeEngine, runtime: FakeRuntime) -> None:
    for _ in range(2):
        with pytest.raises(ExecError, match=r"^exit code: 4") as caught:
            await engine.run("echo made > f; echo ' out '; echo err >&2; exit 4")
    assert (caught.value.stdout, caught.value.stderr) == ("out", "err")
    assert caught.value.command == ["sh", "-c", "echo made > f; echo ' out '; echo err >&2; exit 4"]
    assert len(runtime.ran) == 2
    assert (await engine.run("true")).rootfs == "1", "a failed command committed a snapshot"


async def test_a_value_that_is_volatile_does_not_count_but_its_name_does(
    engine: FakeEngine, runtime: FakeRuntime
) -> None:
    def volatile(name: str, value: str) -> Container:
        return replace(EMPTY_CONTAINER, volatile_variables=((name, value),))

    assert engine.stdout(await engine.run("echo $V", volatile("V", "1"))) == "1\n"
    assert engine.stdout(await engine.run("echo $V", volatile("V", "2"))) == "1\n"
    assert engine.stdout(await engine.run("echo $V", volatile("W", "2"))) == "\n"
    assert len(runtime.ran) == 2


async def test_a_plaintext_does_not_count_but_the_secret_s_name_does(engine: FakeEngine, runtime: FakeRuntime) -> None:
    def with_secret(name: str, plaintext: str) -> Container:
        return replace(EMPTY_CONTAINER, secret_variables=(("S", engine.secrets.set(name, plaintext)),))

    assert engine.stdout(await engine.run("echo ${#S}", with_secret("n", "one"))) == "3\n"
    assert engine.stdout(await engine.run("echo ${#S}", with_secret("n", "longer"))) == "3\n"
    assert engine.stdout(await engine.run("echo ${#S}", with_secret("m", "longer"))) == "6\n"
    assert len(runtime.ran) == 2


async def test_a_plaintext_is_kept_nowhere(engine: FakeEngine) -> None:
    container = replace(EMPTY_CONTAINER, secret_variables=(("S", engine.secrets.set("n", "the plaintext")),))
    after = await engine.run("echo $S; echo $S > f 2>&1", container, redirect_stdout="/out")
    assert engine.stdout(after) == "***\n"
    assert await _read(engine, after, "out") == "***\n"
    assert "the plaintext" not in engine.told.getvalue() + repr(after)


async def test_of_a_mount_its_contents_count(engine: FakeEngine, runtime: FakeRuntime) -> None:
    async def mounted(snapshot: SnapshotId) -> Container:
        source = Source(snapshot=snapshot, path="/d")
        mount = TreeMount(target="/m", source=source, counts=await engine.trees.counts(source))
        return replace(EMPTY_CONTAINER, mounts=(mount,))

    one, other = await _tree(engine, "1"), await _tree(engine, "2")
    again = await engine.trees.apply(one, WriteFile(path="/elsewhere", contents=b"x"), "write")
    for snapshot in (one, again):
        await engine.run("true", await mounted(snapshot))
    assert len(runtime.ran) == 1
    await engine.run("true", await mounted(other))
    assert len(runtime.ran) == 2


async def test_what_a_command_writes_into_a_mount_stays_with_the_container(tmp_path: Path) -> None:
    class Writing(FakeRuntime):
        """As if what is written below a mount's target went there."""

        async def run(self, process, output, *, stdin=b""):  # type: ignore[no-untyped-def]
            mount = next(mount for mount in process.mounts if mount.target == "/m")
            (mount.source / "written").write_text("x")
            return await super().run(process, output, stdin=stdin)

    async with fake_engine(tmp_path, runtime=Writing()) as engine:
        source = Source(snapshot=await _tree(engine, "1"), path="/d")
        mount = TreeMount(target="/m", source=source, counts="content")
        after = await engine.run("true", replace(EMPTY_CONTAINER, mounts=(mount,)))
        (changed,) = after.mounts
        assert isinstance(changed, TreeMount)
        assert changed.counts == ""
        async with engine.snapshots.view(changed.source.snapshot) as root:
            assert (root / "d/written").read_text() == "x"
        async with engine.snapshots.view(source.snapshot) as root:
            assert not (root / "d/written").exists()


async def test_a_mount_that_is_not_written_to_stays_what_it_was(engine: FakeEngine) -> None:
    source = Source(snapshot=await _tree(engine, "1"), path="/d")
    container = replace(EMPTY_CONTAINER, mounts=(TreeMount(target="/m", source=source, counts="content"),))
    assert (await engine.run("true", container)).mounts == container.mounts


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"redirect_stdin": "/nope"}, "open redirect stdin file: open /nope: no such file or directory"),
        ({"redirect_stdout": "/nope/f"}, "open redirect stdout file"),
        ({"container": EMPTY_CONTAINER.with_config(user="ghost")}, "unable to find user ghost"),
    ],
)
async def test_what_can_not_be_set_up_is_a_failed_command(
    engine: FakeEngine, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ExecError, match=r"^exit code: 1") as caught:
        await engine.run("true", **options)  # type: ignore[arg-type]
    assert message in caught.value.stderr


async def test_stdin_is_text_or_a_file_of_the_container(engine: FakeEngine) -> None:
    assert engine.stdout(await engine.run("cat", stdin="text")) == "text"
    snapshot = await _tree(engine, "of a file")
    container = replace(EMPTY_CONTAINER, rootfs=snapshot)
    assert engine.stdout(await engine.run("cat", container, redirect_stdin="/d/f")) == "of a file"


async def test_a_fault_of_the_runtime_comes_out(tmp_path: Path) -> None:
    async with fake_engine(tmp_path, runtime=FailingRuntime(CommandFailed("crun is missing"))) as engine:
        with pytest.raises(CommandFailed, match="crun is missing"):
            await engine.run("true")
        assert "ERROR" in engine.told.getvalue()


async def test_a_bound_service_that_ends_takes_the_command_along(engine: FakeEngine) -> None:
    service = ContainerService(container=EMPTY_CONTAINER, args=("sh", "-c", "sleep 0.2; exit 3"))
    container = replace(EMPTY_CONTAINER, bindings=(("www", service),))
    with anyio.fail_after(10), pytest.raises(EngineError) as caught:
        await engine.run("sleep 60", container)
    assert str(caught.value) == f"bound service {service.hostname} (aliased as www) exited: exit code: 3"


async def test_a_bound_service_that_never_is_ready_is_named(engine: FakeEngine, runtime: FakeRuntime) -> None:
    listening = replace(EMPTY_CONTAINER, ports=(Port(port=1),))
    service = ContainerService(container=listening, args=("sh", "-c", "echo out; exit 3"))
    container = replace(EMPTY_CONTAINER, bindings=(("www", service),))
    with pytest.raises(ExecError, match=rf"^start {service.hostname} \(aliased as www\): exit code: 3") as caught:
        await engine.run("true", container)
    assert caught.value.stdout == "out\n"
    assert len(runtime.ran) == 1


async def test_a_bound_service_is_known_by_its_alias(engine: FakeEngine, runtime: FakeRuntime) -> None:
    service = ContainerService(container=EMPTY_CONTAINER, args=("sleep", "60"))
    container = replace(EMPTY_CONTAINER, bindings=(("www", service),))
    await engine.run("true", container)
    hosts = next(mount for mount in runtime.ran[1].mounts if mount.target == "/etc/hosts")
    assert "www" in hosts.source.read_text()
