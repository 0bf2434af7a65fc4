"""Run a program of the host: argv in, its output or CommandFailed out."""

from __future__ import annotations

import os
import shlex
import signal
from contextlib import suppress
from dataclasses import dataclass
from subprocess import PIPE
from typing import TYPE_CHECKING

import anyio

from engine.errors import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anyio.abc import ByteReceiveStream, ByteSendStream, Process

_LAST_LINES = 10
_PACKAGES = {
    "buildah": "buildah",
    "crun": "crun",
    "ip": "iproute2",
    "docker": "docker.io",
    "git": "git",
    "mmdebstrap": "mmdebstrap",
    "newgidmap": "uidmap",
    "newuidmap": "uidmap",
    "nft": "nftables",
    "rg": "ripgrep",
    "runc": "runc",
    "skopeo": "skopeo",
    "slirp4netns": "slirp4netns",
    "tini-static": "tini",
}
"""The Debian package that has each program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a program that succeeded wrote."""

    stdout: bytes
    stderr: bytes


async def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    timeout: float | None = None,  # noqa: ASYNC109 (the message names the program)
    umask: int = -1,
) -> Result:
    """Run a program to its end; raises CommandFailed when it is missing, fails, or takes more than `timeout` seconds.

    `env` replaces the environment, `umask` the mask of modes unless it is -1. Cancelling kills the program with its
    process group, and waits until it is gone.
    """
    arguments = [os.fspath(argument) for argument in argv]
    process = await _started(arguments, env, cwd, umask)
    result = None
    try:
        with anyio.move_on_after(timeout):
            result = await _communicate(process, stdin)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process, finished=result is not None)
    if result is None:
        raise CommandFailed(f"`{shlex.join(arguments)}` took more than {timeout:g} seconds and was killed")
    if process.returncode:
        raise CommandFailed(_failure(arguments, process.returncode, result.stderr))
    return result


async def _started(
    arguments: list[str], env: Mapping[str, str] | None, cwd: str | os.PathLike[str] | None, umask: int
) -> Process:
    try:
        return await anyio.open_process(
            arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env, cwd=cwd, umask=umask, start_new_session=True
        )
    except FileNotFoundError as error:
        if cwd is not None and not os.path.isdir(cwd):  # noqa: ASYNC240, PTH112 (one look, on the way out)
            raise CommandFailed(
                f"cannot run `{shlex.join(arguments)}` in {os.fspath(cwd)}: no such directory"
            ) from error
        raise CommandFailed(missing(arguments[0])) from error
    except OSError as error:
        raise CommandFailed(f"cannot run `{shlex.join(arguments)}`: {error.strerror}") from error


async def _communicate(process: Process, stdin: bytes) -> Result:
    """Feed and drain at the same time, so that neither side waits for the other for ever."""
    stdout, stderr = bytearray(), bytearray()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_feed, process.stdin, stdin)
        tasks.start_soon(_drain, process.stdout, stdout)
        tasks.start_soon(_drain, process.stderr, stderr)
        await process.wait()
    return Result(stdout=bytes(stdout), stderr=bytes(stderr))


async def _feed(stream: ByteSendStream | None, data: bytes) -> None:
    if stream:
        # A program need not read its input.
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            if data:
                await stream.send(data)
            await stream.aclose()


async def _drain(stream: ByteReceiveStream | None, kept: bytearray) -> None:
    if stream:
        async for chunk in stream:
            kept += chunk


async def _end(process: Process, *, finished: bool) -> None:
    """Kill the process group of a program that has not finished, and reap."""
    if not finished:
        # Also when the program itself is gone: what it started may hold its pipes.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.aclose()


def missing(program: str) -> str:
    """Say that a program of the host is missing, and which package has it."""
    package = _PACKAGES.get(os.path.basename(program))  # noqa: PTH119 (a program's name, no path work)
    hint = f"install it with `apt-get install {package}`" if package else "install it, or correct PATH"
    return f"the program {shlex.quote(program)} is missing; {hint}"


def _failure(arguments: list[str], code: int, stderr: bytes) -> str:
    end = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"failed with exit code {code}"
    lines = stderr.decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
    return "\n".join([f"`{shlex.join(arguments)}` {end}", *lines])
