"""Clients that do what no client should."""

from __future__ import annotations

import json
import resource
import socket
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine.faults import RunningSession, commands, eventually, resident, session, step
from tests.small_image import small_image

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root

MIB = 1 << 20


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients")


@pytest.fixture(scope="module")
def archive(place: Path) -> Path:
    return small_image(place / "small.tar")


@pytest.fixture(scope="module")
def running(place: Path, mount_namespace: None) -> Iterator[RunningSession]:
    with session(place / "state") as running:
        yield running


@pytest.fixture(autouse=True)
def _answers_afterwards(running: RunningSession) -> Iterator[None]:
    """Whatever a client did, the next one is served, and no fault of the engine was logged."""
    logged = len(running.log.read_bytes())
    yield
    assert (
        running.leaf('{ directory { withNewFile(path: "f", contents: "x") { file(path: "f") { contents } } } }') == "x"
    )
    assert "Traceback" not in running.log.read_bytes()[logged:].decode()


def head(running: RunningSession, length: int) -> bytes:
    lines = ["POST /query HTTP/1.1", "Host: x", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in running.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def dial(running: RunningSession) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), timeout=30)


def test_it_hangs_up_in_the_middle_of_a_large_upload(running):
    for sent in (0, 1, 5 * MIB):
        with dial(running) as client:
            client.sendall(head(running, 100 * MIB) + b'{"query": "' + b"x" * sent)


@pytest.mark.slow
def test_it_sends_a_query_of_50_mb(running):
    query = (
        f'{{ directory {{ withNewFile(path: "f", contents: "{"y" * 50_000_000}") {{ file(path: "f") {{ size }} }} }} }}'
    )
    began = time.monotonic()
    assert running.leaf(query) == 50_000_000
    assert time.monotonic() - began < 20


def test_it_sends_more_than_any_query_is_long(running):
    with dial(running) as client:
        client.sendall(head(running, 10**13))
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")
    assert resident(running.engine()) < 1024 * MIB


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0\xff\x16\x03\x01" * 100,
        b"GET\r\n\r\n",
        b"POST /query HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /query HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"A" * 200_000,
    ],
)
def test_it_sends_what_is_not_http(running, garbage):
    with dial(running) as client:
        client.sendall(garbage)
        answer = b""
        with suppress(OSError):  # it hangs up on a flood, before all of it is read
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(4096)
        refusals = {b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.1 431", b"HTTP/1.1 501"}
        assert answer[:12] in (refusals | {b""} if len(garbage) > 100_000 else refusals)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"query": 7}',
        b'{"query": "{ \\ud800 }"}',
        b'{"query": "{ version }", "variables": [1]}',
        json.dumps({"query": "{ a" * 100_000}).encode(),
        json.dumps({"query": "{ directory { withNewFile(path: " + "[" * 100_000}).encode(),
        json.dumps({"query": '"' * 2_000_000}).encode(),
        json.dumps({"query": "query($v: JSON) { version }", "variables": {"v": "x" * 1000}}).encode(),
    ],
    ids=range(12),
)
def test_it_sends_what_is_no_query(running, body):
    with dial(running) as client:
        client.sendall(head(running, len(body)) + body)
        answer = client.makefile("rb").readline()
    assert answer.split()[1] in {b"400", b"422"}


def test_it_opens_200_connections_and_uses_all(running):
    with ExitStack() as stack:
        clients = [stack.enter_context(dial(running)) for _ in range(200)]
        body = json.dumps({"query": "{ version }"}).encode()
        for client in clients:
            client.sendall(head(running, len(body)) + body)
        assert all(client.recv(4096).startswith(b"HTTP/1.1 200 ") for client in clients)


def test_it_opens_more_connections_than_the_engine_may_have(running):
    limit = 256
    soft, hard = resource.prlimit(running.engine(), resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        resource.prlimit(running.engine(), resource.RLIMIT_NOFILE, (limit, hard))
        stack.callback(resource.prlimit, running.engine(), resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(limit):
            stack.enter_context(dial(running))
        opened = Path(f"/proc/{running.engine()}/fd")
        assert eventually(lambda: len(list(opened.iterdir())) >= limit - 1)


@pytest.mark.slow
def test_it_never_reads_its_response(running):
    contents = f'directory {{ withNewFile(path: "f", contents: "{"z" * MIB}") {{ file(path: "f") {{ contents }} }} }}'
    many = " ".join(f"a{n}: {contents}" for n in range(16))
    with ExitStack() as stack:
        for _ in range(4):
            client = stack.enter_context(dial(running))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            body = json.dumps({"query": f"{{ {many} }}"}).encode()
            client.sendall(head(running, len(body)) + body)
        assert running.leaf("{ version }")


@pytest.mark.slow
def test_it_never_reads_its_response_and_the_session_ends_all_the_same(place):
    contents = "z" * 32 * MIB
    big = f'{{ directory {{ withNewFile(path: "f", contents: "{contents}") {{ file(path: "f") {{ contents }} }} }} }}'
    with session(place / "other") as other, closing(other.sent(big)) as connection:
        assert eventually(lambda: connection.sock.recv(1, socket.MSG_PEEK))
        began = time.monotonic()
        assert other.close() == 0
        assert time.monotonic() - began < 20


def test_it_hangs_up_while_its_step_runs(running, archive):
    connection = running.sent(running.image(archive, step("exec sleep 4340")))
    assert eventually(lambda: "sleep 4340" in commands(running.processes()))
    connection.close()
    assert eventually(lambda: "sleep 4340" not in commands(running.processes()))
    assert eventually(lambda: not any("/crun " in command for command in commands(running.processes())))


@pytest.mark.slow
def test_it_hangs_up_while_a_tunnel_is_up(running, archive):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    service = f'asService(args: ["sleep", "4341"]) {{ up(ports: [{{backend: 80, frontend: {port}}}]) }}'
    connection = running.sent(running.image(archive, service))
    assert eventually(lambda: listens(port))
    connection.close()
    # After the time that a service waits for its next user.
    assert eventually(lambda: not listens(port), 40)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
