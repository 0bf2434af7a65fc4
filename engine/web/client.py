"""Fetch files over HTTP with httpx."""

from __future__ import annotations

import hashlib
import ssl
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
from anyio.to_thread import run_sync

from engine.core.digest import Digest
from engine.core.http import Fetched, shown_url
from engine.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from engine.core.http import HttpRequest

_NOT_MODIFIED = 304
_SECONDS_OF_SILENCE = 60.0
_REDIRECTS = 10


class HttpxWeb:
    """The web as this host reaches it: its certificate authorities (and SSL_CERT_FILE), its proxy variables.

    Redirects are followed; the `Authorization` header does not go along to another host.
    """

    def __init__(self, *, silence: float = _SECONDS_OF_SILENCE) -> None:
        self._silence = silence

    def __repr__(self) -> str:
        return f"HttpxWeb(silence={self._silence})"

    async def fetch(self, request: HttpRequest, into: Path) -> Fetched | None:
        """Write the body to a new file; None when what `request.etag` names still holds.

        Raises EngineError, which names the URL and what went wrong; the file is then not whole.
        """
        # Late, as few sessions fetch anything, and in a thread, as it takes a while and others wait for the event loop.
        await run_sync(import_module, "httpx")
        import httpx  # noqa: PLC0415 (see above)

        try:
            async with (
                self._client() as client,
                client.stream("GET", _address(request), headers=_headers(request)) as response,
            ):
                return await _received(response, request, into)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise EngineError(f"failed to fetch {shown_url(request.url)}: {reason}") from error

    def _client(self) -> httpx.AsyncClient:
        import httpx  # noqa: PLC0415 (see `fetch`)

        # Not httpx's own choice, the bundle of certifi: who adds an authority adds it to the host.
        return httpx.AsyncClient(
            verify=ssl.create_default_context(),
            timeout=httpx.Timeout(self._silence),
            follow_redirects=True,
            max_redirects=_REDIRECTS,
        )


def _address(request: HttpRequest) -> str:
    if request.via is None:
        return request.url
    host, port = request.via
    return urlsplit(request.url)._replace(netloc=f"{host}:{port}").geturl()


def _headers(request: HttpRequest) -> dict[str, str]:
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}  # a file's bytes, not a transport's
    if request.via is not None:
        headers["Host"] = urlsplit(request.url).netloc.rpartition("@")[2]
    if request.authorization:
        headers["Authorization"] = request.authorization
    if request.etag:
        headers["If-None-Match"] = request.etag
    return headers


async def _received(response: httpx.Response, request: HttpRequest, into: Path) -> Fetched | None:
    if response.status_code == _NOT_MODIFIED and request.etag:
        return None
    if not response.is_success:
        status = f"{response.status_code} {response.reason_phrase}".strip()
        raise EngineError(f"failed to fetch {shown_url(request.url)}: invalid response status {status}")
    digest = hashlib.sha256()
    async with await anyio.open_file(into, "xb") as file:
        async for chunk in response.aiter_raw():
            digest.update(chunk)
            await file.write(chunk)
    return Fetched(
        digest=Digest(f"sha256:{digest.hexdigest()}"),
        modified=_seconds(response.headers.get("Last-Modified", "")),
        etag=response.headers.get("ETag", ""),
    )


def _seconds(date: str) -> int:
    """Seconds since 1970 of an HTTP date; 0 for what is none."""
    try:
        return max(0, int(parsedate_to_datetime(date).timestamp()))
    except (ValueError, OverflowError):
        return 0
