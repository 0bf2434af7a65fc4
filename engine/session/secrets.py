"""Plaintexts of secrets: in memory only, or read from where their URI says."""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from engine.core.digest import digest_of
from engine.core.secret import Secret
from engine.errors import EngineError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_SHOWN = 3
"""Characters of a missing variable's name that an error shows, should it be a secret given in its place."""


class Secrets:
    """The secrets of one session. `salt` keeps the identities of secrets by URI from being guessed."""

    def __init__(self, *, environ: Mapping[str, str], workdir: Path, salt: bytes) -> None:
        self._environ = environ
        self._workdir = workdir
        self._salt = salt
        self._key = secrets.token_bytes(16)
        self._set: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"<Secrets {len(self._set)}>"

    def set(self, name: str, plaintext: str) -> Secret:
        """Keep a plaintext; a step counts only the name."""
        data = plaintext.encode("utf-8", "surrogateescape")
        handle = hashlib.blake2b(name.encode() + b"\0" + data, key=self._key).hexdigest()
        self._set[handle] = data
        return Secret(name=name, identity=digest_of({"secret": name}), handle=handle)

    async def open(self, uri: str, cache_key: str | None) -> Secret:
        """Give the secret of a URI; what can not be read fails at use. Raises InvalidRequest for a wrong URI."""
        self._provider(uri)
        handle = secrets.token_hex(16)
        if cache_key is not None:
            return Secret(uri=uri, identity=digest_of({"secret by key": cache_key}), handle=handle)
        try:
            plaintext = await self._read(uri)
        except EngineError:
            return Secret(uri=uri, identity=digest_of({"unreadable": handle}), handle=handle)
        # Hard to guess from the key of a step, as in Dagger (argon2 there).
        salted = await run_sync(lambda: hashlib.scrypt(plaintext, salt=self._salt, n=2**12, r=8, p=1).hex())
        return Secret(uri=uri, identity=digest_of({"secret by value": salted}), handle=handle)

    async def plaintext(self, secret: Secret) -> bytes:
        """Give the plaintext; raises EngineError when its source can not be read."""
        if secret.uri:
            return await self._read(secret.uri)
        return self._set[secret.handle]

    async def _read(self, uri: str) -> bytes:
        return await self._provider(uri)(uri.partition("://")[2])

    def _provider(self, uri: str) -> Callable[[str], Awaitable[bytes]]:
        scheme, found, _ = uri.partition("://")
        if not found:
            raise InvalidRequest(
                f'parse "{uri}": malformed id: a secret is named as env://NAME, file://PATH or cmd://LINE'
            )
        providers = {"env": self._variable, "file": self._file, "cmd": self._command}
        if scheme not in providers:
            raise InvalidRequest(f'unsupported secret provider: "{scheme}" (this engine has env, file and cmd)')
        return providers[scheme]

    async def _variable(self, name: str) -> bytes:
        if name not in self._environ:
            shown = name[:_SHOWN] + "..." if len(name) > _SHOWN else name
            raise EngineError(f'secret env var not found: "{shown}"')
        return os.fsencode(self._environ[name])

    async def _file(self, path: str) -> bytes:
        def read() -> bytes:
            return (self._workdir / Path(path).expanduser()).read_bytes()

        try:
            return await run_sync(read)
        except OSError as error:
            raise EngineError(f'failed to read secret file "{path}": {error.strerror}') from error

    async def _command(self, line: str) -> bytes:
        """Run by the shell, with nothing to read: this process's input is the client's. Cancelling kills all of it."""
        process = await anyio.open_process(
            ["/bin/sh", "-c", line],
            cwd=self._workdir,
            env=dict(self._environ),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            output = b"".join([piece async for piece in process.stdout]) if process.stdout else b""
            code = await process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await process.aclose()
        if code:
            raise EngineError(f'failed to run secret command "{line}": exit status {code}')
        return output
