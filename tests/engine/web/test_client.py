"""Fetching, from real servers."""

from __future__ import annotations

import gzip
import ssl
import subprocess
import threading
from http.server import HTTPServer, SimpleHTTPRequestHandler

import pytest

from engine.core.digest import digest_of_bytes
from engine.core.http import Fetched, HttpRequest
from engine.errors import EngineError
from engine.web.client import HttpxWeb
from tests.web_servers import web_server


@pytest.fixture
def web():
    with web_server() as server:
        yield server


async def test_bytes_come_as_they_are(web, tmp_path):
    data = gzip.compress(b"packed")
    web.files["/f.gz"] = data
    fetched = await HttpxWeb().fetch(HttpRequest(url=f"{web.url}/f.gz"), tmp_path / "f")
    assert fetched == Fetched(digest=digest_of_bytes(data))
    assert (tmp_path / "f").read_bytes() == data


async def test_the_hosts_authorities_are_asked_and_no_other_bundle(web, tmp_path, monkeypatch):
    def other_bundle() -> str:
        raise AssertionError("certifi was asked")

    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setattr("certifi.where", other_bundle)
    web.files["/f"] = b"x"
    await HttpxWeb().fetch(HttpRequest(url=f"{web.url}/f"), tmp_path / "f")


async def test_what_still_holds_is_not_sent(web, tmp_path):
    web.files["/f"] = b"x"
    web.etags, web.modified = True, 5
    first = await HttpxWeb().fetch(HttpRequest(url=f"{web.url}/f"), tmp_path / "f")
    assert first
    assert first.modified == 5
    again = HttpRequest(url=f"{web.url}/f", etag=first.etag)
    assert await HttpxWeb().fetch(again, tmp_path / "g") is None
    assert not (tmp_path / "g").exists()


async def test_redirects_in_a_circle_end(web, tmp_path):
    web.redirects["/a"] = "/a"
    with pytest.raises(EngineError, match=r"failed to fetch .*/a: .*redirects"):
        await HttpxWeb().fetch(HttpRequest(url=f"{web.url}/a"), tmp_path / "f")


async def test_a_server_that_falls_silent_is_given_up(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        request = HttpRequest(url=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(EngineError, match="failed to fetch"):
            await HttpxWeb(silence=0.2).fetch(request, tmp_path / "f")


async def test_proxies_of_the_environment_are_used(web, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", web.url)
    monkeypatch.setenv("no_proxy", "")
    web.files["http://host.invalid/f"] = b"through the proxy"
    await HttpxWeb().fetch(HttpRequest(url="http://host.invalid/f"), tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == b"through the proxy"


@pytest.fixture
def https(tmp_path):
    """A server whose certificate no known authority has signed; gives its URL and the certificate."""
    certificate = tmp_path / "certificate.pem"
    key = ["-keyout", tmp_path / "key.pem", "-out", certificate]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *key, *names],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"secure")

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"https://localhost:{server.server_address[1]}/", certificate
        server.shutdown()
        thread.join()


async def test_an_authority_is_trusted_when_ssl_cert_file_names_it(https, tmp_path, monkeypatch):
    url, certificate = https
    with pytest.raises(EngineError, match="certificate verify failed"):
        await HttpxWeb().fetch(HttpRequest(url=url), tmp_path / "a")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    await HttpxWeb().fetch(HttpRequest(url=url), tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"secure"
