"""The folder that a runtime runs one container from, and the command lines for it (crun(1))."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.executor.spec import further_process, runtime_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.core.process import Process
    from engine.executor.spec import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """All that exists of a container outside of it: removing the folder forgets it."""

    folder: Path
    program: str
    process: Process
    host: Host

    @classmethod
    def create(cls, state: Path, *, program: str, process: Process, host: Host) -> Bundle:
        """Make the folder with its config.json."""
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=state))
        (folder / "config.json").write_text(json.dumps(runtime_config(process, host)))
        return cls(folder=folder, program=program, process=process, host=host)

    def run_command(self) -> list[str]:
        """Give the command line that runs the container to its end."""
        return [
            *self._program("log"),
            "run",
            f"--bundle={os.fspath(self.folder)}",
            f"--pid-file={os.fspath(self.folder / 'pid')}",
            self.folder.name,
        ]

    def exec_command(self, args: Sequence[str]) -> list[str]:
        """Give the command line that runs a further command in the container."""
        descriptor, path = tempfile.mkstemp(prefix="exec-", dir=self.folder)
        with os.fdopen(descriptor, "w") as file:
            json.dump(further_process(self.process, self.host, args), file)
        return [*self._program("exec-log"), "exec", f"--process={path}", self.folder.name]

    def first_process(self) -> int | None:
        """Give the container's process 1 as this process numbers it, None while there is none."""
        try:
            return int((self.folder / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def complaints(self) -> list[str]:
        """Give what the runtime itself reported as errors while it ran the container."""
        entries: list[dict[str, str]] = []
        with suppress(FileNotFoundError), (self.folder / "log").open() as file:
            for line in file:
                with suppress(ValueError):
                    entries.append(json.loads(line))
        return [entry["msg"] for entry in entries if entry.get("level") == "error"]

    def _program(self, log: str) -> list[str]:
        return [
            self.program,
            "--cgroup-manager=disabled",
            f"--root={os.fspath(self.folder / 'state')}",
            f"--log={os.fspath(self.folder / log)}",
            "--log-format=json",
        ]
