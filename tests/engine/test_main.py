"""`python -m engine` as a process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import engine


def test_what_was_compiled_is_kept_whatever_the_environment_says(tmp_path: Path) -> None:
    shutil.copytree(Path(engine.__file__).parent, tmp_path / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(
        [sys.executable, "-m", "engine", "version"], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    assert list((tmp_path / "engine" / "__pycache__").glob("cli.*.pyc"))
