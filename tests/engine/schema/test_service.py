"""Services as a pipeline sees them, beyond the recorded cases."""

from __future__ import annotations

import socket
import time
from contextlib import closing

import dagger
import pytest

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root

SERVER = """
import socketserver

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b'hi\\n')

socketserver.TCPServer(('', 8080), Handler).serve_forever()
"""
GET = "import socket,sys; print(socket.create_connection((sys.argv[1], 8080), 5).recv(9).decode(), end='')"


@pytest.fixture
def server(once):
    """A service that answers at port 8080."""
    return once.with_exposed_port(8080).as_service(args=["python3", "-c", SERVER])


def get(host: str) -> list[str]:
    return ["python3", "-c", GET, host]


async def test_a_bound_service_answers_by_alias_and_hostname(once, server):
    bound = once.with_service_binding("www", server)
    assert await bound.with_exec(get("www")).stdout() == "hi\n"
    assert await bound.with_exec(get(await server.hostname())).stdout() == "hi\n"


async def test_a_service_that_fails_before_it_is_ready_is_named(once):
    service = once.with_exposed_port(8080).as_service(args=sh("echo out; echo err >&2; exit 42"))
    with pytest.raises(dagger.ExecError) as caught:
        await once.with_service_binding("www", service).with_exec(["true"]).sync()
    hostname = await service.hostname()
    assert str(caught.value).startswith(f"start {hostname} (aliased as www): exit code: 42")
    assert caught.value.exit_code == 42
    assert caught.value.command == sh("echo out; echo err >&2; exit 42")
    assert [caught.value.stdout, caught.value.stderr] == ["out\n", "err\n"]


async def test_a_service_that_ends_before_it_is_ready_is_named(once):
    service = once.with_exposed_port(8080).as_service(args=["true"])
    with pytest.raises(dagger.QueryError, match=r"\(aliased as www\): service exited before healthcheck"):
        await once.with_service_binding("www", service).with_exec(["true"]).sync()
    with pytest.raises(dagger.QueryError, match=r"^service exited before healthcheck"):
        await service.start()


async def test_a_service_that_ends_while_it_is_used_ends_the_step(once):
    service = once.as_service(args=sh("sleep 0.5; exit 3"))
    begun = time.monotonic()
    with pytest.raises(dagger.QueryError) as caught:
        await once.with_service_binding("www", service).with_exec(["sleep", "60"]).sync()
    assert time.monotonic() - begun < 10
    assert str(caught.value).startswith(
        f"bound service {await service.hostname()} (aliased as www) exited: exit code: 3"
    )


async def test_a_healthcheck_that_always_fails_is_told(once):
    checked = once.with_docker_healthcheck(sh("echo sick; exit 7"), interval="10ms")
    with pytest.raises(dagger.ExecError, match="exit code: 7") as caught:
        await checked.as_service(args=["sleep", "60"]).start()
    assert caught.value.stdout.strip() == "sick"


@pytest.mark.parametrize(
    ("options", "suffix"), [({"port": 9, "scheme": "http"}, ":9"), ({}, ":8080"), ({"scheme": "tcp"}, ":8080")]
)
async def test_an_endpoint_names_host_and_port(server, options, suffix):
    scheme = f"{options['scheme']}://" if "scheme" in options else ""
    assert await server.endpoint(**options) == f"{scheme}{await server.hostname()}{suffix}"


async def test_a_service_without_ports_has_no_endpoint(once):
    with pytest.raises(dagger.QueryError, match="no ports exposed"):
        await once.as_service(args=["sleep", "1"]).endpoint()


@pytest.mark.parametrize(
    ("make", "options", "command"),
    [
        (lambda c: c.with_entrypoint(["sh", "-c", "exit 3"]), {}, sh("exit 3")),
        (lambda c: c.with_entrypoint(["false"]).with_default_args(sh("exit 3")), {}, sh("exit 3")),
        (
            lambda c: c.with_entrypoint(["sh"]).with_default_args(["-c", "exit 3"]),
            {"use_entrypoint": True},
            sh("exit 3"),
        ),
        (lambda c: c.with_entrypoint(["false"]), {"args": sh("exit 3")}, sh("exit 3")),
        (lambda c: c.with_entrypoint(["sh"]), {"args": ["-c", "exit 3"], "use_entrypoint": True}, sh("exit 3")),
        (lambda c: c.with_env_variable("V", "3"), {"args": sh("exit $V"), "expand": True}, sh("exit 3")),
    ],
)
async def test_the_command_of_a_service_follows_these_rules(once, make, options, command):
    service = make(once.without_default_args()).with_exposed_port(8080).as_service(**options)
    with pytest.raises(dagger.ExecError, match=r"^exit code: 3") as caught:
        await service.start()
    assert caught.value.command == command


async def test_a_service_of_nothing_is_refused(dag, once):
    with pytest.raises(dagger.QueryError, match="no service command has been set"):
        await once.without_default_args().without_entrypoint().as_service().hostname()


async def test_a_started_service_answers_until_it_is_stopped(once, server):
    await server.start()
    hostname = await server.hostname()
    assert await once.with_exec(get(hostname)).stdout() == "hi\n"
    await server.stop()
    with pytest.raises(dagger.ExecError):
        await once.with_env_variable("AGAIN", "1").with_exec(get(hostname)).sync()


async def test_stopping_what_does_not_run_is_fine(server):
    assert await (await server.stop()).hostname() == await server.hostname()


async def test_a_tunnel_answers_on_the_host_until_it_is_stopped(dag, server):
    tunnel = dag.host().tunnel(server)
    with pytest.raises(dagger.QueryError, match=r"service .* is not running"):
        await tunnel.endpoint()
    await tunnel.start()
    host, _, port = (await tunnel.endpoint()).partition(":")
    with closing(socket.create_connection((host, int(port)), 5)) as connection:
        assert connection.recv(9) == b"hi\n"
    (shown,) = await tunnel.ports()
    assert await shown.description() == f"tunnel 0.0.0.0:{port} -> {await server.hostname()}:8080"
    await tunnel.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 5)


async def test_a_tunnel_to_a_port_in_use_is_refused(dag, server):
    with closing(socket.create_server(("0.0.0.0", 0))) as busy:
        forward = dagger.PortForward(backend=8080, frontend=busy.getsockname()[1])
        with pytest.raises(dagger.QueryError, match="address already in use"):
            await dag.host().tunnel(server, ports=[forward]).start()


async def test_a_service_of_the_host_is_reached(dag, once):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        host = dag.host().service([dagger.PortForward(backend=port, frontend=8080)])
        listener.settimeout(0.1)
        bound = once.with_service_binding("host", host).with_exec(["true"])
        await bound.sync()
        assert await host.endpoint() == f"{await host.hostname()}:8080"


async def test_each_start_begins_with_the_same_files(once):
    program = f"import pathlib; pathlib.Path('/made').touch(exist_ok=False)\n{SERVER}"
    service = once.with_exposed_port(8080).as_service(args=["python3", "-c", program])
    for _ in range(2):
        await service.start()
        await service.stop()


async def test_an_interactive_terminal_is_not_supported(server):
    with pytest.raises(dagger.QueryError, match=r"Service\.terminal is not supported by this engine: "):
        await server.terminal().hostname()
