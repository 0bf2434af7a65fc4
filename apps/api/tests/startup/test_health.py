from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from startup.health import allowed_host, healthy


@pytest.mark.parametrize(
    ("allowed", "host"),
    [
        ("emr.example.org,b", "emr.example.org"),
        (".example.org", "example.org"),
        ("*", "localhost"),
        ("", "localhost"),
        (" , a", "a"),
    ],
)
def test_the_host_is_one_that_django_accepts(allowed, host):
    assert allowed_host(allowed) == host


@pytest.fixture
def server():
    seen = []

    class Handler(BaseHTTPRequestHandler):
        status = 200

        def do_GET(self):
            seen.append((self.path, self.headers["Host"], self.headers["X-Forwarded-Proto"]))
            self.send_response(Handler.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield Handler, seen, {"PORT": str(http.server_port), "DJANGO_ALLOWED_HOSTS": "emr.example.org"}
        http.shutdown()
        thread.join()


def test_it_asks_as_the_proxy_would(server):
    _, seen, environ = server
    assert healthy(environ)
    assert seen == [("/api/health/", "emr.example.org", "https")]


@pytest.mark.parametrize("status", [301, 400, 404, 503])
def test_any_other_answer_is_not_healthy(server, status, capsys):
    handler, seen, environ = server
    handler.status = status
    assert not healthy(environ)
    assert len(seen) == 1
    assert capsys.readouterr().out.startswith(f"health: {status}")


def test_no_server_is_not_healthy(capsys):
    assert not healthy({"PORT": "1"})
    assert "no answer" in capsys.readouterr().out
