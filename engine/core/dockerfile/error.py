"""What is wrong with a Dockerfile, and where."""

from __future__ import annotations

from engine.errors import InvalidRequest


class DockerfileError(InvalidRequest):
    """Raised when a Dockerfile cannot be understood; `line` is counted from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"Dockerfile line {line}: {problem}")
        self.line = line
        self.problem = problem
