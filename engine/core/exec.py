"""A command to run in a container: what it is, and what identifies it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from engine.core.digest import Digest, digest_of

if TYPE_CHECKING:
    from engine.core.container import Container


_SIGNALS = range(128, 192)
"""Exit codes that mean a signal: 128 and its number."""


class ReturnType(Enum):
    """Which exit codes a command may have (Dagger's ReturnType). 128 to 191 mean a signal and are always failures."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    ANY = "ANY"

    def accepts(self, exit_code: int) -> bool:
        """Whether the exit code is an expected one."""
        if exit_code == 0:
            return self is not ReturnType.FAILURE
        return self is not ReturnType.SUCCESS and (exit_code < _SIGNALS[0] or exit_code > _SIGNALS[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Exec:
    """A command, complete: entrypoint, default arguments and variables are worked in."""

    container: Container
    args: tuple[str, ...]
    stdin: str = ""
    redirect_stdin: str = ""
    redirect_stdout: str = ""
    redirect_stderr: str = ""
    expect: ReturnType = ReturnType.SUCCESS
    init: bool = True
    privileged: bool = False

    @property
    def key(self) -> Digest:
        """Digest of everything that determines the result."""
        return digest_of(
            {
                "exec": self.args,
                "container": self.container.described(),
                "stdin": self.stdin,
                "redirects": [self.redirect_stdin, self.redirect_stdout, self.redirect_stderr],
                "expect": self.expect.value,
                "init": self.init,
                "privileged": self.privileged,
            }
        )

    def describe(self) -> str:
        """As the progress shows it."""
        return "exec " + shlex.join(self.args)

    @property
    def history(self) -> str:
        """As the image history shows it (Dagger's `created_by`)."""
        return "mount / from exec " + " ".join(self.args)
