"""What killed sessions, and crashed machines, left."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from engine.store.database import Database
from engine.store.layout import Layout
from engine.store.locks import locked
from engine.store.sweep import settle, sweep

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.make()
    return layout


def _add(layout: Layout, number: int, *, boot: str | None = None, layer: bool = True) -> None:
    if layer:
        (layout.snapshots / str(number)).mkdir()
    with Database(layout) as database, database.transaction() as connection:
        connection.execute("INSERT INTO snapshots VALUES (?, NULL, '', 0, ?)", (number, boot))


def _known(layout: Layout) -> list[int]:
    with Database(layout) as database:
        return [number for (number,) in database.rows("SELECT id FROM snapshots ORDER BY id")]


def _layers(layout: Layout) -> list[str]:
    return sorted(path.name for path in layout.snapshots.iterdir())


def test_a_layer_without_a_row_is_removed(layout: Layout) -> None:
    _add(layout, 1)
    (layout.snapshots / "2").mkdir()
    (layout.snapshots / "2" / "half").touch()
    sweep(layout)
    assert _layers(layout) == ["1"]


def test_a_row_without_a_layer_is_removed(layout: Layout) -> None:
    _add(layout, 1)
    _add(layout, 2, layer=False)
    sweep(layout)
    assert _known(layout) == [1]


def test_trees_whose_removal_was_interrupted_are_removed(layout: Layout) -> None:
    (layout.snapshots / ".5" / "rest").mkdir(parents=True)
    (layout.volumes / ".abc" / "rest").mkdir(parents=True)
    (layout.volumes / "def").mkdir()
    sweep(layout)
    assert _layers(layout) == []
    assert [path.name for path in layout.volumes.iterdir()] == ["def"]


def test_snapshots_of_an_earlier_boot_stay_only_if_they_were_settled(layout: Layout) -> None:
    _add(layout, 1, boot="an earlier one")
    _add(layout, 2)
    sweep(layout)
    assert _known(layout) == [2]
    assert _layers(layout) == ["2"]


def test_settling_makes_snapshots_outlive_the_boot(layout: Layout) -> None:
    _add(layout, 1, boot="any")
    settle(layout)
    sweep(layout)
    assert _known(layout) == [1]


def test_one_sweeps_at_a_time_and_nobody_waits(layout: Layout) -> None:
    (layout.snapshots / "2").mkdir()
    with locked(layout.sweep_lock):
        sweep(layout)
    assert _layers(layout) == ["2"]


@pytest.mark.root
@pytest.mark.slow
def test_a_store_is_whole_whenever_its_session_is_killed(tmp_path: Path) -> None:
    script = (
        "import anyio, pathlib, sys\n"
        "from engine.store.opening import opened_store\n"
        "async def work():\n"
        "    with opened_store(pathlib.Path(sys.argv[1])) as store:\n"
        "        snapshot = ''\n"
        "        print('ready', flush=True)\n"
        "        for n in range(10000):\n"
        "            parent = snapshot if n % 20 else ''\n"
        "            async with store.snapshots.stage(parent) as staged:\n"
        "                for name in range(5):\n"
        "                    (staged.root / f'{n}-{name}').write_text('whole')\n"
        "                snapshot = await staged.commit(str(n))\n"
        "            store.cache_map.put(f'sha256:{n}', {'snapshot': snapshot}, snapshots=[snapshot])\n"
        "anyio.run(work)\n"
    )
    for attempt in range(6):
        # A namespace of its own: what a killed session mounted goes with it.
        command = ["unshare", "--mount", sys.executable, "-c", script, tmp_path]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as session:
            assert session.stdout
            session.stdout.readline()
            os.sched_yield()
            subprocess.run(["sleep", str(0.05 + attempt * 0.07)], check=True)
            session.kill()
        layout = Layout(tmp_path)
        sweep(layout)
        assert list(layout.staging.iterdir()) == []
        assert [f"{number:d}" for number in _known(layout)] == [str(int(name, 36)) for name in _sorted_layers(layout)]
        assert all(len(list(layer.iterdir())) == 5 for layer in layout.snapshots.iterdir())


def _sorted_layers(layout: Layout) -> list[str]:
    return sorted((path.name for path in layout.snapshots.iterdir()), key=lambda name: int(name, 36))
