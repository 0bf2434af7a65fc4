"""Fetch images from registries and send them there, with skopeo."""

from __future__ import annotations

import ipaddress
import json
import re
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import CommandFailed, ImageError
from engine.linux.process import run
from engine.registry.credentials import auth_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.core.login import Login
    from engine.oci.reference import Reference

_RETRIES = 3
_QUESTION_SECONDS = 120
_TRANSFER_SECONDS = 4 * 3600
"""More than any image takes, but not for ever: a registry may stop talking in the middle."""
_MESSAGE = re.compile(r'level=fatal msg=("(?:[^"\\]|\\.)*")')
_NOISE = re.compile(r'^(?:Error parsing image name "[^"]*"|(?:Get|Head|Put|Post|Patch) "[^"]*"): ')

# What skopeo says → what it means, and what to do. The first that is found counts.
_MEANINGS = (
    (r"unauthorized|authentication required|denied|invalid username/password|status: 40[13]|forbidden",
     "refuses access to {image}", "log in with withRegistryAuth or `docker login`"),
    (r"manifest unknown|name unknown|not found|repository name not known|status: 404|blob unknown",
     "does not have {image}", "check the name, the tag and the platform"),
    (r"server gave HTTP response to HTTPS client",
     "does not speak TLS, so {image} is out of reach", "plain HTTP is used for loopback addresses only"),
    (r"x509|certificate|tls:", "has a certificate that is not trusted, so {image} is out of reach",
     "install its certificate authority on this machine"),
    (r"connection refused|no such host|timeout|no route to host|unreachable|EOF|connection reset|took more than",
     "cannot be reached for {image}", "check the address and the network"),
    (r"no space left on device", "cannot get or send {image}, because the disk of the store is full",
     "free some space there, or run `python -m engine prune`"),
    (r"unsupported docker v2s2 media type", "cannot get {image}, because skopeo does not know layers of that type",
     "use OCI media types, or gzip"),
)  # fmt: skip


class SkopeoRegistry:
    """Image registries through skopeo: TLS, redirects, tokens and retries are solved there.

    `private` is where credentials wait for a call, best in memory. `docker_config` is the user's Docker configuration
    (`~/.docker/config.json`), whose logins are honoured.
    """

    def __init__(self, *, scratch: Path, private: Path | None = None, docker_config: Path | None = None) -> None:
        self._scratch = scratch
        self._private = private or scratch
        self._docker_config = docker_config

    async def manifest(self, reference: Reference, logins: Sequence[Login]) -> bytes:
        """Give the manifest or index of that tag or digest, as it is; raises ImageError."""
        return await self._inspect(reference, logins, ["--raw"])

    async def config(self, reference: Reference, logins: Sequence[Login]) -> bytes:
        """Give the configuration of the one image that a digest names; raises ImageError."""
        return await self._inspect(reference, logins, ["--raw", "--config"])

    async def download(self, reference: Reference, blobs: Path, logins: Sequence[Login]) -> None:
        """Fetch the layers of the one image that a digest names into `blobs/sha256/HEX`; raises ImageError.

        What is there is not fetched. An interruption leaves only whole blobs, and a second call fetches the rest.
        """
        async with self._access(reference, logins) as (auth, directory):
            # fmt: off
            await self._run(reference, [
                "skopeo", "--tmpdir", directory, "copy", "--quiet",
                "--retry-times", str(_RETRIES),
                f"--src-tls-verify={_verify(reference)}",
                "--src-authfile", auth,
                "--dest-oci-accept-uncompressed-layers",
                "--dest-shared-blob-dir", blobs.absolute(),  # noqa: ASYNC240 - touches no disk
                _address(reference), "oci:layout",
            ], directory, _TRANSFER_SECONDS)
            # fmt: on

    async def upload(self, layout: Path, reference: Reference, logins: Sequence[Login]) -> None:
        """Send what the index of an OCI layout directory names, with all below it, unchanged; raises ImageError."""
        async with self._access(reference, logins) as (auth, directory):
            # fmt: off
            await self._run(reference, [
                "skopeo", "--tmpdir", directory, "copy", "--quiet",
                "--retry-times", str(_RETRIES),
                "--all", "--preserve-digests",
                f"--dest-tls-verify={_verify(reference)}",
                "--dest-authfile", auth,
                "oci:.", _address(reference),
            ], layout, _TRANSFER_SECONDS)
            # fmt: on

    async def _inspect(self, reference: Reference, logins: Sequence[Login], what: Sequence[str]) -> bytes:
        async with self._access(reference, logins) as (auth, directory):
            # fmt: off
            return await self._run(reference, [
                "skopeo", "--tmpdir", directory, "inspect", *what,
                "--retry-times", str(_RETRIES),
                f"--tls-verify={_verify(reference)}",
                "--authfile", auth,
                _address(reference),
            ], directory, _QUESTION_SECONDS)
            # fmt: on

    @asynccontextmanager
    async def _access(self, reference: Reference, logins: Sequence[Login]) -> AsyncIterator[tuple[Path, Path]]:
        """Give an auth file and a directory for what is in passing, both for one call."""
        async with auth_file(reference.domain, logins, self._docker_config, self._private) as auth:
            with tempfile.TemporaryDirectory(dir=self._scratch, prefix="skopeo-") as directory:
                yield auth, Path(directory)

    async def _run(self, reference: Reference, argv: Sequence[str | Path], cwd: Path, seconds: float) -> bytes:
        try:
            return (await run(argv, cwd=cwd, timeout=seconds)).stdout
        except CommandFailed as error:
            if "is missing" in str(error):
                raise
            raise explain(str(error), reference) from error


def explain(output: str, reference: Reference) -> ImageError:
    """Turn what skopeo wrote into one sentence: which registry, which image, what it answered, what to do."""
    found = _MESSAGE.findall(output)
    message = str(json.loads(found[-1])) if found else output.strip().splitlines()[-1]
    reason = _NOISE.sub(
        "", re.split(rf" (?:in {re.escape(reference.name)}|registry {re.escape(reference.domain)}): ", message)[-1]
    )
    for pattern, meaning, advice in _MEANINGS:
        if re.search(pattern, message, re.IGNORECASE):
            what = meaning.format(image=_without_domain(reference))
            return ImageError(f"the registry {reference.domain} {what} ({reason}): {advice}")
    return ImageError(f"the registry {reference.domain} failed for {_without_domain(reference)}: {reason}")


def is_loopback(domain: str) -> bool:
    """Whether a registry is on this machine, where Docker too speaks plain HTTP."""
    host = domain[1:].partition("]")[0] if domain.startswith("[") else domain.partition(":")[0]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _verify(reference: Reference) -> str:
    return "false" if is_loopback(reference.domain) else "true"


def _address(reference: Reference) -> str:
    """Skopeo takes a tag or a digest, not both."""
    return f"docker://{reference.name}" + (f"@{reference.digest}" if reference.digest else f":{reference.tag}")


def _without_domain(reference: Reference) -> str:
    return str(reference).removeprefix(reference.domain + "/")
