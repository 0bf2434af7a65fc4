"""Fetch images from registries and send them there, with skopeo."""

from __future__ import annotations

import ipaddress
import json
import re
import tempfile
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from engine.errors import CommandFailed, ImageError
from engine.linux.process import run
from engine.registry.credentials import auth_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from engine.core.login import Login
    from engine.oci.reference import Reference

_RETRIES = 3
_QUESTION_SECONDS = 120
_MESSAGE = re.compile(r'level=fatal msg=("(?:[^"\\]|\\.)*")')

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
    (r"unsupported docker v2s2 media type", "cannot get {image}, because skopeo does not know layers of that type",
     "use OCI media types, or gzip"),
)  # fmt: skip


class SkopeoRegistry:
    """Image registries through skopeo: TLS, redirects, tokens and retries are solved there.

    `docker_config` is the user's Docker configuration (`~/.docker/config.json`), whose logins are honoured.
    """

    def __init__(self, *, scratch: Path, docker_config: Path | None = None) -> None:
        self._scratch = scratch
        self._docker_config = docker_config

    async def manifest(self, reference: Reference, logins: Sequence[Login]) -> bytes:
        """Give the manifest or index of that tag or digest, as it is; raises ImageError."""
        return await self._inspect(reference, logins, ["--raw"])

    async def config(self, reference: Reference, logins: Sequence[Login]) -> bytes:
        """Give the configuration of the one image that a digest names; raises ImageError."""
        return await self._inspect(reference, logins, ["--raw", "--config"])

    async def download(self, reference: Reference, blobs: Path, logins: Sequence[Login]) -> None:
        """Fetch the layers of the one image that a digest names into `blobs/sha256/HEX`; raises ImageError.

        What is there is not fetched. After an interruption only whole blobs are there, and a second call fetches the rest.
        """
        async with self._call(reference, logins) as (options, directory):
            # fmt: off
            await self._run(reference, [
                *options, "copy",
                "--retry-times", str(_RETRIES),
                *_tls("src", reference),
                "--dest-oci-accept-uncompressed-layers",
                "--dest-shared-blob-dir", str(blobs.absolute()),
                *_authfile("src", directory), _address(reference), "oci:layout",
            ], directory)
            # fmt: on

    async def upload(self, layout: Path, reference: Reference, logins: Sequence[Login]) -> None:
        """Send the one manifest or index of an OCI layout directory, with all it names, unchanged; raises ImageError."""
        async with self._call(reference, logins) as (options, directory):
            # fmt: off
            await self._run(reference, [
                *options, "copy",
                "--all", "--preserve-digests",
                "--retry-times", str(_RETRIES),
                *_tls("dest", reference),
                *_authfile("dest", directory), "oci:.", _address(reference),
            ], layout)
            # fmt: on
