"""Time whole commands from outside: wall seconds, and processor seconds of all the processes that were waited for."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one run of a command took, in seconds."""

    wall: float
    processor: float


def timed(command: Sequence[str], *, environ: Mapping[str, str], folder: Path) -> Took:
    """Run a command to its end; SystemExit with what it said when it fails."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command,
        check=False,
        cwd=folder,
        env=os.environ | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return Took(wall=wall, processor=after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def report(name: str, runs: Sequence[Took]) -> None:
    """Print the medians, and the quickest and the slowest."""
    wall, processor = [run.wall for run in runs], [run.processor for run in runs]
    for what, seconds in (("wall", wall), ("processor", processor)):
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}, {len(runs)} runs"
        print(f"{name:<28}{what:<10}{statistics.median(seconds):7.2f} s median ({spread})")
