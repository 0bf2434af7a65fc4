"""Small web servers on this machine, for tests."""

from __future__ import annotations

import hashlib
import http.server
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class WebServer:
    """Files by path, and what was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    modified: float | None = None
    etags: bool = False
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    url: str = ""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        web = self.server.web
        web.asked.append((self.path, dict(self.headers)))
        path = self.path.partition("?")[0]
        if path in web.redirects:
            self._answer(302, Location=web.redirects[path])
        elif path not in web.files:
            self._answer(404)
        else:
            self._file(web.files[path])

    def _file(self, data: bytes) -> None:
        web, headers = self.server.web, {}
        if web.modified is not None:
            headers["Last-Modified"] = formatdate(web.modified, usegmt=True)
        if web.etags:
            headers["ETag"] = f'"{hashlib.sha256(data).hexdigest()}"'
        if web.etags and self.headers.get("If-None-Match") == headers["ETag"]:
            self._answer(304, **headers)
        else:
            self._answer(200, data, **headers)

    def _answer(self, status: int, data: bytes = b"", **headers: str) -> None:
        self.server.web.answered.append(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    def __init__(self, web: WebServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.web = web


@contextmanager
def web_server() -> Iterator[WebServer]:
    """Have a server on a free port of the loopback."""
    web = WebServer()
    with _Server(web) as listening:
        web.url = f"http://127.0.0.1:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield web
        finally:
            listening.shutdown()
            thread.join()
