"""Which commit a source tree is at."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit, its time in seconds since 1970, and whether the tree differs from it."""

    commit: str
    epoch: int
    dirty: bool = False

    @property
    def label(self) -> str:
        """The commit as an image label: it says so when the tree holds more than the commit."""
        return f"{self.commit}-dirty" if self.dirty else self.commit

    @property
    def created(self) -> str:
        """The commit's time in the form that OCI labels have (RFC 3339)."""
        return datetime.fromtimestamp(self.epoch, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class NoRevisionError(PipelineError):
    """Raised when a tree is not a git checkout, or git cannot read it."""


def read_revision(tree: Path) -> Revision:
    """Read the commit that `tree` is checked out at; changes count as dirty below `tree` only."""
    commit, epoch = _git(tree, "log", "-1", "--format=%H %ct").split()
    changed = _git(tree, "status", "--porcelain", "--untracked-files=normal", "--", ".")
    return Revision(commit=commit, epoch=int(epoch), dirty=bool(changed))


def _git(tree: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", tree, *arguments], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise NoRevisionError("git is not installed, so the image gets no revision and creation time") from error
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[:1] or ["no reason given"]
        raise NoRevisionError(f"git cannot tell the commit of {tree} ({reason[0]}), so the image does not name one")
    return done.stdout.strip()
