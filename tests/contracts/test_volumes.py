"""What every implementation of Volumes does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from engine.core.digest import digest_of
from engine.store.opening import opened_store
from tests.fakes.volumes import FakeVolumes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.solver.ports import Volumes

NAME = digest_of("name")


@pytest.fixture(params=["fake", pytest.param("directories", marks=pytest.mark.root)])
def volumes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Volumes]:
    if request.param == "fake":
        yield FakeVolumes(tmp_path)
    else:
        with opened_store(tmp_path) as store:
            yield store.volumes


async def test_a_volume_keeps_what_was_written(volumes: Volumes) -> None:
    async with volumes.use(NAME, exclusive=False) as path:
        (path / "a").write_text("kept")
    async with volumes.use(NAME, exclusive=True) as path:
        assert (path / "a").read_text() == "kept"


async def test_another_volume_is_empty(volumes: Volumes) -> None:
    async with volumes.use(NAME, exclusive=False) as path:
        (path / "a").touch()
    async with volumes.use(digest_of("other"), exclusive=False) as path:
        assert list(path.iterdir()) == []


async def test_a_volume_is_filled_once(volumes: Volumes) -> None:
    filled = []

    def fill(path: Path) -> None:
        filled.append(path)
        (path / "seed").touch()

    for exclusive in (False, True):
        async with volumes.use(NAME, exclusive=exclusive, fill=fill) as path:
            assert [found.name for found in path.iterdir()] == ["seed"]
    assert len(filled) == 1


async def test_a_volume_that_could_not_be_filled_is_made_anew(volumes: Volumes) -> None:
    def fail(path: Path) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        async with volumes.use(NAME, exclusive=False, fill=fail):
            pass
    async with volumes.use(NAME, exclusive=False, fill=lambda path: (path / "seed").touch()) as path:
        assert [found.name for found in path.iterdir()] == ["seed"]


@pytest.mark.parametrize(("exclusive", "most"), [(True, 1), (False, 3)])
async def test_an_exclusive_user_is_alone(volumes: Volumes, *, exclusive: bool, most: int) -> None:
    inside, seen = 0, 0

    async def use() -> None:
        nonlocal inside, seen
        async with volumes.use(NAME, exclusive=exclusive):
            inside += 1
            seen = max(seen, inside)
            await anyio.sleep(0.05)
            inside -= 1

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(use)
    assert seen == most
