"""Collect static files, and leave what WhiteNoise would compress to a step of its own; runs inside containers.

`collect.py LIST collectstatic …` runs the project's manage.py, and writes into LIST what is to be compressed;
`collect.py LIST` compresses it. That takes twenty times as long as to collect, and follows from the collected files
alone: an edit that changes none of them does not wait for it.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> None:
    """Do the one or the other."""
    listed, *command = arguments
    if command:
        collect(Path(listed), command)
    else:
        compress(json.loads(Path(listed).read_bytes()))


def collect(listed: Path, command: list[str]) -> None:
    """Run manage.py with WhiteNoise's compressor replaced by one that only takes note; others are left alone."""
    chosen: set[str] = set()
    with suppress(ImportError):
        # Before Django loads the storages, which take it from there.
        module: Any = import_module("whitenoise.compress")
        module.Compressor = _noting(module.Compressor, chosen)
    sys.argv = ["manage.py", *command]
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as text
    runpy.run_path("manage.py", run_name="__main__")
    listed.write_text(json.dumps(sorted(chosen)))


def compress(paths: list[str]) -> None:
    """Write the compressed files beside those of `paths`, as WhiteNoise would have."""
    if not paths:
        return
    compressor = import_module("whitenoise.compress").Compressor(quiet=True)
    with ThreadPoolExecutor() as pool:
        written = [name for names in pool.map(compressor.compress, paths) for name in names]
    sys.stdout.write(f"{len(paths)} static files compressed to {len(written)}\n")


def _noting(compressor: Any, chosen: set[str]) -> type:  # noqa: ANN401 - of a library that is in the container only
    class Noting(compressor):  # type: ignore[misc]
        def compress(self, path: str) -> list[str]:
            chosen.add(path)
            return []

    return Noting


if __name__ == "__main__":
    main(sys.argv[1:])
