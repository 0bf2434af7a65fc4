"""Run the pipelines as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from pipelines.settings import REPOSITORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run of the pipelines ended."""

    code: int
    output: str
    errors: str

    @property
    def json(self) -> dict[str, Any]:
        """What `--json` printed."""
        assert self.code == 0, self.errors
        found: dict[str, Any] = json.loads(self.output)
        return found


def pipelines(*arguments: str, before: tuple[str, ...] = (), **environment: str) -> Run:
    """Run `python -m pipelines`, behind the command `before` where one is given."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "pipelines", *arguments],
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Run(code=done.returncode, output=done.stdout, errors=done.stderr)
