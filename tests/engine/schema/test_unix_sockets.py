"""Sockets of the host inside containers, and SSH agents of builds."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import dagger
import pytest

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root

ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect(sys.argv[1]); s.sendall(b"hello"); s.shutdown(socket.SHUT_WR)
    print(s.makefile().read(), end="")
"""


@contextmanager
def echo(path):
    """Answer everyone with what they said, in capitals."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(0.05)
        done = threading.Event()

        def serve():
            while not done.is_set():
                try:
                    client, _ = listener.accept()
                except TimeoutError:
                    continue
                with client:
                    client.settimeout(10)
                    said = b""
                    while more := client.recv(100):
                        said += more
                    client.sendall(said.upper())

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@pytest.fixture
def ask(once):
    return once.with_new_file("/ask.py", ASK)


async def test_a_container_talks_to_a_socket_of_the_host(dag, ask, tmp_path):
    with echo(tmp_path / "s"):
        container = ask.with_unix_socket("/run/it.sock", dag.host().unix_socket(str(tmp_path / "s")))
        answered = container.with_exec(["python3", "/ask.py", "/run/it.sock"])
        assert await answered.stdout() == "HELLO"
        assert not await answered.exists("/run/it.sock")


async def test_the_socket_is_its_owners_alone(dag, ask, tmp_path):
    with echo(tmp_path / "s"):
        (tmp_path / "s").chmod(0o777)
        there = dag.host().unix_socket(str(tmp_path / "s"))
        roots = ask.with_unix_socket("/s", there).with_exec(["stat", "-c", "%F %a %u:%g", "/s"])
        assert await roots.stdout() == "socket 600 0:0\n"
        owned = ask.with_unix_socket("/s", there, owner="7:8").with_user("7:8")
        assert await owned.with_exec(sh("stat -c '%a %u:%g' /s && python3 /ask.py /s")).stdout() == "600 7:8\nHELLO"
        with pytest.raises(dagger.ExecError, match="exit code: 1"):
            await owned.with_user("9:9").with_exec(["python3", "/ask.py", "/s"]).sync()


async def test_a_socket_may_come_to_be_before_it_is_used(dag, ask, tmp_path):
    there = dag.host().unix_socket(str(tmp_path / "s"))
    container = ask.with_unix_socket("/s", there).with_exec(["python3", "/ask.py", "/s"])
    await there.id()
    with pytest.raises(dagger.QueryError, match=f"the host has no socket {tmp_path}/s: no such file or directory"):
        await container.sync()
    with echo(tmp_path / "s"):
        assert await container.stdout() == "HELLO"


async def test_what_is_no_socket_is_an_error_at_use(dag, ask, tmp_path):
    (tmp_path / "plain").touch()
    container = ask.with_unix_socket("/s", dag.host().unix_socket(str(tmp_path / "plain")))
    with pytest.raises(dagger.QueryError, match="it is something else"):
        await container.with_exec(["true"]).sync()


async def test_a_path_may_be_longer_than_a_sockets_address(dag, ask, tmp_path, monkeypatch):
    folder = tmp_path / ("x" * 100) / ("y" * 100)
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    with echo("s"):
        container = ask.with_unix_socket("/s", dag.host().unix_socket(str(folder / "s")))
        assert await container.with_exec(["python3", "/ask.py", "/s"]).stdout() == "HELLO"
