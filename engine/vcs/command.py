"""Run git so that nothing of a foreign repository is run or obeyed, and no secret is seen on a command line."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.errors import CommandFailed, EngineError
from engine.linux.process import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.core.git import GitAccess

_UMASK = 0o022
_PROTOCOLS = "git:http:https:ssh"
_SILENCE = {"http.lowSpeedLimit": "100", "http.lowSpeedTime": "60"}
_ALWAYS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.version": "2",
    "advice.detachedHead": "false",
}
_REASON = re.compile(r"^(?:fatal|error|ERROR|remote|ssh|git@[^:]*|[^ ]*[Pp]ermission[^:]*): ?.*", re.MULTILINE)


class GitFailed(EngineError):
    """Raised when git fails; `output` is what it wrote."""

    def __init__(self, what: str, output: str) -> None:
        self.output = output
        lines = [match.group().strip() for match in _REASON.finditer(output)] or output.strip().splitlines()[-1:]
        super().__init__(f"git {what} failed: " + "; ".join(dict.fromkeys(lines)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """The program in one surrounding."""

    env: Mapping[str, str]
    about: str = ""
    """Which repository it works for, as errors name it."""

    async def __call__(self, *args: str | os.PathLike[str], cwd: Path | None = None, stdin: bytes = b"") -> str:
        """Run; gives what it prints. Raises GitFailed."""
        try:
            done = await run(["git", *args], env=self.env, cwd=cwd, stdin=stdin, umask=_UMASK)
        except CommandFailed as error:
            if "is missing" in str(error):
                raise
            raise GitFailed(f"{os.fspath(args[0])} {self.about}".strip(), str(error).partition("\n")[2]) from error
        return done.stdout.decode("utf-8", "surrogateescape")


def local_git(environ: Mapping[str, str], **variables: str | os.PathLike[str]) -> Git:
    """Give git for repositories of our own making: it reads no configuration but theirs."""
    quiet = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1"}
    extra = {name: os.fspath(value) for name, value in variables.items()}
    return Git(env={**_clean(environ), **quiet, **_configured(_ALWAYS), "GIT_ALLOW_PROTOCOL": "file", **extra})


@contextmanager
def remote_git(environ: Mapping[str, str], access: GitAccess, scratch: Path) -> Iterator[Git]:
    """Give git for a remote: with the user's own configuration, its proxies and helpers, and what `access` shows."""
    with TemporaryDirectory(dir=scratch, prefix="git-") as folder:
        settings = {**_ALWAYS, **_SILENCE}
        if access.authorization:
            parts = urlsplit(access.address)
            settings[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = f"Authorization: {access.authorization}"
        allowed = f"{_PROTOCOLS}:file" if access.address.startswith("file:") else _PROTOCOLS
        yield Git(
            env={
                **_clean(environ),
                **_ssh(access, Path(folder)),
                **_configured(settings),
                "GIT_ALLOW_PROTOCOL": allowed,
            },
            about=access.url,
        )


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without what would lead git elsewhere; nobody is there to answer questions."""
    kept = {"GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"}
    env = {name: value for name, value in environ.items() if not name.startswith("GIT_") or name in kept}
    return env | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TEMPLATE_DIR": "",
        "LC_ALL": "C.UTF-8",
        "SSH_ASKPASS_REQUIRE": "never",
    }


def _configured(settings: Mapping[str, str]) -> dict[str, str]:
    """Say settings in the environment: the command line is for all to read (git-config(1), GIT_CONFIG_COUNT)."""
    env = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def _ssh(access: GitAccess, folder: Path) -> dict[str, str]:
    """Without a word about it: as the user's own ssh does it, but it asks nothing."""
    command = "ssh -o BatchMode=yes"
    if access.known_hosts:
        known = folder / "known_hosts"
        known.write_text(access.known_hosts, encoding="utf-8")
        command += f" -o UserKnownHostsFile={known} -o StrictHostKeyChecking=yes"
    env = {"GIT_SSH_COMMAND": command} if access.known_hosts or access.ssh_socket else {}
    return env | ({"SSH_AUTH_SOCK": access.ssh_socket} if access.ssh_socket else {})
