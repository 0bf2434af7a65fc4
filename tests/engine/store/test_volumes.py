"""Cache volumes."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.digest import digest_of
from engine.store.layout import Layout
from engine.store.staging import opened_staging
from engine.store.volumes import DirectoryVolumes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = digest_of("name")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.make()
    return layout


@pytest.fixture
def volumes(layout: Layout) -> Iterator[DirectoryVolumes]:
    with opened_staging(layout) as staging:
        yield DirectoryVolumes(layout, staging)


async def test_a_volume_keeps_what_was_written(volumes: DirectoryVolumes) -> None:
    async with volumes.use(NAME, exclusive=False) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o755
        (path / "a").write_text("kept")
    async with volumes.use(NAME, exclusive=True) as path:
        assert (path / "a").read_text() == "kept"
    async with volumes.use(digest_of("other"), exclusive=False) as path:
        assert list(path.iterdir()) == []


async def test_a_volume_is_filled_once_by_the_first_of_many(volumes: DirectoryVolumes) -> None:
    filled = []

    def fill(path: Path) -> None:
        filled.append(path)
        (path / "seed").write_text("seed")
        path.chmod(0o700)

    async def use() -> None:
        async with volumes.use(NAME, exclusive=False, fill=fill) as path:
            assert (path / "seed").read_text() == "seed"

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(use)
    assert len(filled) == 1


async def test_a_volume_whose_filling_failed_is_filled_anew(volumes: DirectoryVolumes, layout: Layout) -> None:
    def fail(path: Path) -> None:
        (path / "half").touch()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with volumes.use(NAME, exclusive=False, fill=fail):
            pass
    assert list(layout.volumes.iterdir()) == []
    async with volumes.use(NAME, exclusive=False, fill=lambda path: (path / "whole").touch()) as path:
        assert [entry.name for entry in path.iterdir()] == ["whole"]


async def test_who_shares_does_not_wait_for_who_shares(volumes: DirectoryVolumes) -> None:
    with anyio.fail_after(5):
        async with volumes.use(NAME, exclusive=False), volumes.use(NAME, exclusive=False):
            pass


@pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, True)])
async def test_who_is_alone_waits_and_is_waited_for(volumes: DirectoryVolumes, *, first: bool, second: bool) -> None:
    order = []

    async def later() -> None:
        async with volumes.use(NAME, exclusive=second):
            order.append("second")

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks, volumes.use(NAME, exclusive=first):
            tasks.start_soon(later)
            await anyio.sleep(0.1)
            order.append("first")
    assert order == ["first", "second"]


async def test_waiting_for_a_volume_can_be_cancelled(volumes: DirectoryVolumes) -> None:
    async with volumes.use(NAME, exclusive=True):
        with anyio.move_on_after(0.05) as scope:
            async with volumes.use(NAME, exclusive=True):
                pytest.fail("two are alone")
        assert scope.cancelled_caught
    with anyio.fail_after(5):
        async with volumes.use(NAME, exclusive=True):
            pass


async def test_a_killed_session_lets_go_of_its_volumes(volumes: DirectoryVolumes, layout: Layout) -> None:
    script = (
        "import anyio, pathlib, sys\n"
        "from engine.store.layout import Layout\n"
        "from engine.store.staging import Staging\n"
        "from engine.store.volumes import DirectoryVolumes\n"
        "async def hold():\n"
        "    layout = Layout(pathlib.Path(sys.argv[1]))\n"
        "    async with DirectoryVolumes(layout, Staging(layout.staging)).use(sys.argv[2], exclusive=True):\n"
        "        print('held', flush=True)\n"
        "        await anyio.sleep_forever()\n"
        "anyio.run(hold)\n"
    )
    command = [sys.executable, "-c", script, str(layout.state), NAME]
    async with await anyio.open_process(command) as other:
        assert other.stdout
        assert await other.stdout.receive(4) == b"held"
        with anyio.move_on_after(0.1) as scope:
            async with volumes.use(NAME, exclusive=False):
                pytest.fail("it is held")
        assert scope.cancelled_caught
        other.kill()
    with anyio.fail_after(5):
        async with volumes.use(NAME, exclusive=False):
            pass


async def test_users_of_a_new_volume_do_not_wait_for_each_other_to_end(volumes: DirectoryVolumes) -> None:
    inside = 0
    everybody = anyio.Event()

    async def use() -> None:
        nonlocal inside
        async with volumes.use(NAME, exclusive=False):
            inside += 1
            if inside == 10:
                everybody.set()
            await everybody.wait()

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(use)
