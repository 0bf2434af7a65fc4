"""Archives of snapshots, on a real store."""

from __future__ import annotations

import gzip

import pytest

from engine.core.tree import Source
from engine.errors import ImageError
from engine.hostfs import LocalHostFiles
from engine.log import Lines, PlainProgress, Verbosity
from engine.solver.flights import Flights
from engine.solver.solver import Solver
from engine.solver.trees import TreeOps
from engine.solver.unpacking import unpacked
from engine.store.opening import opened_store
from engine.store.tree import FileTrees
from tests.tars import entry, tar

pytestmark = pytest.mark.root


@pytest.fixture
async def trees(tmp_path):
    import sys

    import anyio

    with opened_store(tmp_path / "state") as store:
        async with anyio.create_task_group() as group:
            progress = PlainProgress(Lines(sys.stderr), Verbosity.QUIET)
            solver = Solver(cache=store.cache_map, flights=Flights(group), progress=progress)
            yield TreeOps(solver=solver, snapshots=store.snapshots, trees=FileTrees(), host=LocalHostFiles())
            group.cancel_scope.cancel()


async def unpack(trees, data):
    async with trees.staged() as staged:
        (staged.root / "f").write_bytes(data)
        snapshot = await staged.commit("test")
    return await unpacked(trees, Source(snapshot=snapshot, path="/f"))


async def test_an_archive_becomes_a_tree_once(trees):
    data = gzip.compress(tar(entry("d/f", b"x")))
    snapshot = await unpack(trees, data)
    assert await trees.read(snapshot, lambda ports, root: ports.read(root, "/d/f", limit=10)) == b"x"
    assert await unpack(trees, data) == snapshot


@pytest.mark.parametrize(
    "data", [b"", b"text", gzip.compress(b"text"), b"\x1f\x8b broken", b"BZh9 broken", b"\0" * 1024]
)
async def test_other_files_are_no_archives(trees, data):
    assert await unpack(trees, data) is None


@pytest.mark.parametrize("data", [tar(entry("f", b"x" * 2000))[:1500], tar(entry("../f", b"x"))])
async def test_a_damaged_or_hostile_archive_is_an_error(trees, data):
    with pytest.raises(ImageError):
        await unpack(trees, data)
