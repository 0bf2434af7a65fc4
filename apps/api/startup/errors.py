"""What can stop a start, and the exit code that says so."""

from __future__ import annotations


class StartError(Exception):
    """Raised when a step of the start fails for a reason that one sentence explains."""

    def __init__(self, step: str, reason: str, *, exit_code: int) -> None:
        super().__init__(f"{step} failed: {reason}")
        self.exit_code = exit_code


# sysexits.h has names for these.
USAGE = 64
STALE_STATIC_FILES = 65
DATABASE_UNREACHABLE = 69
CANNOT_WRITE = 73
LOCK_NOT_FREE = 75
BAD_SETTINGS = 78
