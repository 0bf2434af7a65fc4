"""The one error that a pipeline raises for its user."""

from __future__ import annotations


class PipelineError(Exception):
    """Raised when a pipeline cannot go on; `str()` is one clear sentence, `hint` says what to do."""

    def __init__(self, message: str, *, hint: str = "", exit_code: int = 1) -> None:
        super().__init__(message)
        self.hint = hint
        self.exit_code = exit_code
