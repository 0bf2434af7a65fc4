"""HTTP as clients speak it, over real sockets."""

from __future__ import annotations

import json
import socket
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.server.http import serve
from engine.server.response import Response, json_response
from tests.engine.server.serving import TOKEN, client, served, small_handler
from tests.engine.small_api import Commands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

pytestmark = pytest.mark.anyio

AUTHORIZATION = "Basic YS10b2tlbjo="
SLEEP = '{ container { withExec(args: ["sleep", "30"]) { stdout } } }'


class Echo:
    """Answers with the request."""

    async def execute(self, request: Mapping[str, object]) -> Response:
        return json_response({"data": dict(request)})


class Faulty:
    async def execute(self, request: Mapping[str, object]) -> Response:
        raise LookupError("lost")


def post(body: bytes, *headers: str) -> bytes:
    head = ["POST /query HTTP/1.1", "Host: x", f"Authorization: {AUTHORIZATION}", *headers]
    if not any(header.lower().startswith("transfer-encoding") for header in headers):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


async def exchange(port: int, *pieces: bytes) -> bytes:
    """Send raw bytes, close our side, and read all that comes back."""
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        for piece in pieces:
            await stream.send(piece)
        return await read(stream, until_closed=True)


async def read(stream: anyio.abc.SocketStream, *, until_closed: bool = False) -> bytes:
    received = b""
    with anyio.move_on_after(2 if until_closed else 20):
        while not (b"\r\n\r\n" in received and not until_closed):
            try:
                received += await stream.receive()
            except anyio.EndOfStream:
                break
    return received


async def test_a_query_is_answered(tmp_path):
    async with served(small_handler(tmp_path)) as port, client(port) as http:
        answer = await http.post("/query", json={"query": "{ version }"})
    assert (answer.status_code, answer.json()) == (200, {"data": {"version": "v0.21.8"}})
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "authorization", [None, "Basic d3Jvbmc6", "Basic !!!", "Bearer a-token", "Basic " + "A" * 5000]
)
async def test_without_the_token_there_is_only_a_challenge(authorization):
    async with served(Echo()) as port, client(port) as http:
        http.auth = None
        headers = {"Authorization": authorization} if authorization else {}
        answer = await http.post("/query", json={"query": "{ version }"}, headers=headers)
        assert (answer.status_code, answer.content) == (401, b"")
        assert answer.headers["www-authenticate"] == 'Basic realm="Access to the Dagger engine session"'


async def test_the_password_does_not_matter():
    async with served(Echo()) as port, client(port) as http:
        http.auth = (TOKEN, "anything: at all")
        assert (await http.post("/query", json={})).status_code == 200


async def test_without_a_token_everybody_is_let_in():
    async with served(Echo(), token=None) as port, client(port) as http:
        http.auth = None
        assert (await http.post("/query", json={})).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/", 404), ("POST", "/shutdown", 404), ("GET", "/query", 405), ("PUT", "/query", 405)],
)
async def test_other_paths_and_methods_are_refused(method, path, status):
    async with served(Echo()) as port, client(port) as http:
        answer = await http.request(method, path)
    assert answer.status_code == status
    assert answer.json()["errors"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe\x00", b'"text"'])
async def test_a_body_that_is_no_json_object_is_a_bad_request(body):
    async with served(Echo()) as port, client(port) as http:
        answer = await http.post("/query", content=body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["message"].startswith("json request body")
        assert (await http.post("/query", json={})).status_code == 200


async def test_what_is_no_http_is_a_bad_request():
    async with served(Echo()) as port:
        assert (await exchange(port, b"hello\r\n\r\n")).startswith(b"HTTP/1.1 400")
        assert (await exchange(port, b"GET /" + b"x" * 100_000)).startswith(b"HTTP/1.1 431")


async def test_a_connection_serves_many_requests():
    body = json.dumps({"n": 1}).encode()
    async with served(Echo()) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        for _ in range(50):
            await stream.send(post(body))
            assert b'{"data":{"n":1}}' in await read(stream)


async def test_requests_sent_ahead_are_all_answered():
    async with served(Echo()) as port:
        received = await exchange(port, post(b'{"n":1}') + post(b'{"n":2}') + post(b'{"n":3}'))
    assert [received.count(f'{{"n":{n}}}'.encode()) for n in (1, 2, 3)] == [1, 1, 1]
    assert received.count(b"HTTP/1.1 200") == 3


async def test_chunked_bodies_are_put_together():
    chunks = b'4\r\n{"a"\r\n5\r\n:"xy"\r\n1\r\n}\r\n0\r\n\r\n'
    async with served(Echo()) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(post(chunks, "Transfer-Encoding: chunked"))
        assert b'{"a":"xy"}' in await read(stream)


async def test_a_client_that_waits_for_leave_to_send_gets_it():
    async with served(Echo()) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(post(b"", "Expect: 100-continue").replace(b"Content-Length: 0", b"Content-Length: 2"))
        assert (await read(stream)).startswith(b"HTTP/1.1 100")
        await stream.send(b"{}")
        assert b'{"data":{}}' in await read(stream)


async def test_large_bodies_cost_no_more_than_their_size():
    async with served(Echo()) as port, client(port) as http:
        seconds = []
        for size in (4_000_000, 32_000_000):
            begun = time.perf_counter()
            answer = await http.post("/query", content=b'{"a":"' + b"x" * size + b'"}')
            seconds.append(time.perf_counter() - begun)
            assert len(answer.content) > size
    assert seconds[1] < seconds[0] * 8 * 6  # quadratic would be 64 times


async def test_many_clients_are_served_at_once(tmp_path):
    query = {"query": '{ container { withExec(args: ["sleep", "0.5"]) { stdout } } }'}
    async with served(small_handler(tmp_path)) as port, client(port) as http:
        await http.post("/query", json={"query": "{ version }"})
        begun = time.monotonic()
        async with anyio.create_task_group() as group:
            for _ in range(40):
                group.start_soon(partial(http.post, "/query", json=query))
        assert time.monotonic() - begun < 5


async def test_a_client_that_goes_away_stops_its_request(tmp_path):
    commands = Commands()
    async with served(small_handler(tmp_path, commands)) as port:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(post(json.dumps({"query": SLEEP}).encode()))
            await until(lambda: commands.started)
        await until(lambda: commands.cancelled)
    assert commands.cancelled == ["sleep"]


async def test_a_client_that_is_killed_stops_its_request(tmp_path):
    commands = Commands()
    async with served(small_handler(tmp_path, commands)) as port:
        raw = socket.create_connection(("127.0.0.1", port))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        raw.sendall(post(json.dumps({"query": SLEEP}).encode()))
        await until(lambda: commands.started)
        raw.close()
        await until(lambda: commands.cancelled)
    assert commands.cancelled == ["sleep"]


async def test_a_client_that_goes_away_leaves_the_others_alone(tmp_path):
    commands = Commands()
    answers = []
    handler = small_handler(tmp_path, commands)
    async with served(handler) as port, client(port) as http, anyio.create_task_group() as group:

        async def stay() -> None:
            query = '{ container { withExec(args: ["sleep", "1"]) { stdout } } }'
            answers.append((await http.post("/query", json={"query": query})).json())

        group.start_soon(stay)
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(post(json.dumps({"query": SLEEP}).encode()))
            await until(lambda: len(commands.started) == 2)
        await until(lambda: answers)
    assert answers == [{"data": {"container": {"withExec": {"stdout": "slept\n"}}}}]


async def test_a_fault_of_the_engine_is_an_answer_and_keeps_the_connection():
    async with served(Faulty()) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        for _ in range(2):
            await stream.send(post(b"{}"))
            assert b"internal error: LookupError: lost" in await read(stream)


async def test_closing_tells_the_requests_under_way(tmp_path):
    commands = Commands()
    answers = []
    async with client(0) as http, anyio.create_task_group() as group, anyio.create_task_group() as serving:
        port = await serving.start(partial(serve, small_handler(tmp_path, commands), token=TOKEN))
        url = f"http://127.0.0.1:{port}/query"

        async def ask() -> None:
            answers.append(await http.post(url, json={"query": SLEEP}))

        group.start_soon(ask)
        await until(lambda: commands.started)
        serving.cancel_scope.cancel()
    assert answers[0].status_code == 503
    assert answers[0].json() == {"errors": [{"message": "session is closing"}], "data": None}
    assert commands.cancelled == ["sleep"]


async def test_only_loopback_is_listened_on():
    async with anyio.create_task_group() as group:
        port = await group.start(partial(serve, Echo(), token=None))
        with socket.socket() as other:
            other.bind(("127.0.0.2", port))
        group.cancel_scope.cancel()


async def until(happened: Callable[[], object]) -> None:
    with anyio.fail_after(10):
        while not happened():  # noqa: ASYNC110 (what is waited for knows of no event)
            await anyio.sleep(0.01)
