"""The engine's command line, as a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str


class CommandLine:
    """Runs `python -m engine` with a store of its own."""

    def __init__(self, state: Path, **environ: str) -> None:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("DAGGER", "_EXPERIMENTAL"))
        }
        self.environ = {**inherited, "DJANGO_IMAGE_STATE": str(state), "PYTHONPATH": str(ROOT), **environ}

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "engine", *arguments]

    def __call__(self, *arguments: str, stdin: str = "", wrapper: tuple[str, ...] = (), **environ: str) -> Ended:
        return self._run([*wrapper, *self.argv(*arguments)], stdin, environ)

    def python(self, *arguments: str) -> Ended:
        """Run Python instead, in the same environment."""
        return self._run([sys.executable, *arguments], "", {})

    def _run(self, argv: list[str], stdin: str, environ: dict[str, str]) -> Ended:
        ended = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            env={**self.environ, **environ},
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Have it run in the background; killed on exit."""
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            self.argv(*arguments),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            env=self.environ,
            start_new_session=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def session(self, *flags: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
        """Have a session run; gives what it announced too."""
        with self.started("session", *flags) as process:
            assert process.stdout
            yield process, json.loads(process.stdout.readline())
