"""Measure how long it takes to copy and to digest a tree of many small files: medians of several runs.

python bench/trees.py [FILES] [RUNS]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.core.tree import ALL, CopyTree, Selection, SnapshotId, Source
from engine.hostfs import LocalHostFiles
from engine.store.tree import FileTrees

if TYPE_CHECKING:
    from collections.abc import Callable

_FILES_EACH = 20
_SIZE = 2000


def main(files: int, runs: int) -> None:
    os.umask(0)
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        source = _tree(top / "source", files)
        print(f"{files} files of about {_SIZE} bytes, {files // _FILES_EACH} directories, median of {runs} runs")
        for title, act in _acts(source).items():
            print(f"{title:32} {_median(act, top, runs) * 1000:8.0f} ms")


def _acts(source: Path) -> dict[str, Callable[[Path], object]]:
    trees, host = FileTrees(), LocalHostFiles()
    change = CopyTree(path="/in", source=Source(snapshot=SnapshotId("source")))
    filtered = Selection(include=("**/*.py",), exclude=("**/d1*", "node_modules"), gitignore=True)
    return {
        "copy into a container": lambda target: trees.apply(target, change, source),
        "copy from the host": lambda target: host.copy(source, ALL, target),
        "copy from the host, filtered": lambda target: host.copy(source, filtered, target),
        "digest": lambda _target: trees.digest(source, "/", ALL),
        "digest on the host": lambda _target: host.digest(source, ALL),
        "digest on the host, filtered": lambda _target: host.digest(source, filtered),
        "compare with itself": lambda _target: trees.compare(source, "/", source, "/"),
        "glob": lambda _target: trees.glob(source, "/", "**/*.py"),
    }


def _median(act: Callable[[Path], object], top: Path, runs: int) -> float:
    times = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=top) as target:
            start = time.perf_counter()
            act(Path(target))
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def _tree(top: Path, files: int) -> Path:
    for number in range(files):
        directory = top / f"d{number // _FILES_EACH % 50}" / f"e{number // _FILES_EACH}"
        if number % _FILES_EACH == 0:
            directory.mkdir(parents=True)
        (directory / f"f{number}.{'py' if number % 2 else 'txt'}").write_bytes(b"%d" % number * (_SIZE // 5))
    (top / ".gitignore").write_text("*.pyc\n__pycache__/\n/build\n")
    return top


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*given, *(10_000, 5)[len(given) :])
