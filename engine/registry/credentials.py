"""Write the file in which skopeo finds the credentials for one registry, for the time of one call."""

from __future__ import annotations

import base64
import json
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import to_thread

from engine.core.login import registry_host
from engine.errors import CommandFailed, ImageError
from engine.linux.process import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from engine.core.login import Login

_HUB = "docker.io"
_HUB_SERVER = "https://index.docker.io/v1/"  # the name under which Docker's programs keep the hub's credentials
_HELPER_SECONDS = 60


@asynccontextmanager
async def auth_file(
    host: str, logins: Sequence[Login], docker_config: Path | None, scratch: Path
) -> AsyncIterator[Path]:
    """Give the path of an auth file (containers-auth.json(5)) for that registry alone; mode 0600, removed on exit.

    The last of `logins` for the host wins, else what Docker's configuration says, by its credential helpers too.
    Raises ImageError when that configuration cannot be read.
    """
    entry = _from_logins(host, logins)
    if entry is None and docker_config is not None:
        entry = await _from_docker(host, docker_config)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="auth-") as directory:  # mode 0700
        path = Path(directory) / "auth.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"auths": {host: entry} if entry else {}}), encoding="utf-8")
        yield path


def _from_logins(host: str, logins: Sequence[Login]) -> Mapping[str, object] | None:
    found = [login for login in logins if login.host == host]
    return _entry(found[-1].username, found[-1].password) if found else None


def _entry(username: str, password: str) -> Mapping[str, object]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


async def _from_docker(host: str, path: Path) -> Mapping[str, object] | None:
    config = await to_thread.run_sync(_read, path)
    helpers, auths = config.get("credHelpers"), config.get("auths")
    names = {registry_host(key): helper for key, helper in helpers.items()} if isinstance(helpers, dict) else {}
    helper = names.get(host) or config.get("credsStore")
    if isinstance(helper, str) and helper and (found := await _from_helper(host, helper)):
        return found
    for key, entry in auths.items() if isinstance(auths, dict) else ():
        if registry_host(key) == host and isinstance(entry, dict) and entry:
            return entry
    return None


def _read(path: Path) -> Mapping[str, object]:
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ImageError(f"Docker's configuration {path} cannot be read: {error}") from error
    return config if isinstance(config, dict) else {}


async def _from_helper(host: str, helper: str) -> Mapping[str, object] | None:
    """Ask a credential helper (docker/docker-credential-helpers): skopeo 1.9 itself passes over `credsStore`."""
    server = _HUB_SERVER if host == _HUB else host
    try:
        result = await run([f"docker-credential-{helper}", "get"], stdin=server.encode(), timeout=_HELPER_SECONDS)
        answer = json.loads(result.stdout)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except CommandFailed as error:
        if "is missing" in str(error):
            raise ImageError(f"Docker's configuration names the credential helper {helper}, but {error}") from error
        return None  # it has nothing for this registry: anonymous access may do
    except (ValueError, KeyError, TypeError) as error:
        raise ImageError(f"docker-credential-{helper} gave an answer that is not understood: {error}") from error
    if username == "<token>":
        return {"identitytoken": secret, "auth": base64.b64encode(b"<token>:").decode()}
    return _entry(username, secret)
