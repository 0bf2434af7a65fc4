"""Query.http, through a real session and a real server."""

from __future__ import annotations

import hashlib

import dagger
import pytest

from tests.engine.conftest import running_session
from tests.web_servers import web_server

pytestmark = pytest.mark.root


@pytest.fixture
def web():
    with web_server() as server:
        server.files["/folder/f.txt"] = b"hello\n"
        yield server


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


async def test_a_file_is_named_by_the_end_of_its_url(dag, web):
    web.files |= {"/": b"top", "/a%20b": b"spaced"}
    assert await dag.http(f"{web.url}/folder/f.txt?x=1").name() == "f.txt"
    assert await dag.http(f"{web.url}/").name() == "index"
    assert await dag.http(f"{web.url}/a%20b").name() == "a b"
    named = dag.http(f"{web.url}/folder/f.txt", name="other")
    assert (await named.name(), await named.contents()) == ("other", "hello\n")


async def test_a_file_is_its_owners_alone_unless_asked_otherwise(dag, web):
    assert await dag.http(f"{web.url}/folder/f.txt").stat().permissions() == 0o600
    assert await dag.http(f"{web.url}/folder/f.txt", permissions=0o755).stat().permissions() == 0o755


async def test_its_time_is_what_the_server_says_or_the_epoch(dag, web, debian):
    async def time(name):
        file = dag.http(f"{web.url}/folder/f.txt", name=name)
        return await debian.with_file("/f", file).with_exec(["stat", "-c", "%Y %u:%g", "/f"]).stdout()

    assert await time("a") == "0 0:0\n"
    web.modified = 1_000_000_000
    assert await time("b") == "1000000000 0:0\n"


async def test_an_answer_that_is_no_success_names_status_and_url(dag, web):
    with pytest.raises(dagger.QueryError, match=rf"{web.url}/missing: invalid response status 404"):
        await dag.http(f"{web.url}/missing").sync()


async def test_a_server_that_is_not_there_is_an_error_that_names_the_url(dag):
    with pytest.raises(dagger.QueryError, match=r"failed to fetch http://127\.0\.0\.1:1/x: "):
        await dag.http("http://127.0.0.1:1/x").sync()


async def test_a_password_in_a_url_is_not_shown(dag):
    with pytest.raises(dagger.QueryError) as caught:
        await dag.http("http://me:hidden@127.0.0.1:1/x").sync()
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://host/x", "file:///etc/passwd", "/etc/passwd", "http://", "http://h:x/"])
async def test_only_http_urls_are_fetched(dag, url):
    with pytest.raises(dagger.QueryError, match="cannot fetch"):
        await dag.http(url).sync()


async def test_contents_that_the_checksum_does_not_name_are_refused(dag, web):
    right, wrong = sha256(b"hello\n"), sha256(b"")
    assert await dag.http(f"{web.url}/folder/f.txt", checksum=right).contents() == "hello\n"
    with pytest.raises(dagger.QueryError, match=f"http checksum mismatch: expected {wrong}, got {right}"):
        await dag.http(f"{web.url}/folder/f.txt", checksum=wrong).sync()
    with pytest.raises(dagger.QueryError, match="invalid checksum"):
        await dag.http(f"{web.url}/folder/f.txt", checksum="md5:1").sync()


async def test_a_header_goes_to_the_server_and_not_to_where_it_redirects(dag, web):
    with web_server() as other:
        other.files["/there"] = b"moved"
        web.redirects["/here"] = f"{other.url.replace('127.0.0.1', 'localhost')}/there"
        header = dag.set_secret("header", "Bearer of-tokens")
        assert await dag.http(f"{web.url}/here", auth_header=header).contents() == "moved"
        assert web.asked[0][1]["Authorization"] == "Bearer of-tokens"
        assert "Authorization" not in other.asked[0][1]


async def test_a_session_asks_once(dag, web):
    for _ in range(2):
        await dag.http(f"{web.url}/folder/f.txt").sync()
    assert len(web.asked) == 1


async def test_a_step_that_uses_the_same_contents_does_not_run_again(dag, web, debian):
    web.files["/copy"] = b"hello\n"

    async def run(url):
        mounted = debian.with_mounted_file("/f", dag.http(url, name="f"))
        return await mounted.with_exec(["cat", "/f", "/proc/sys/kernel/random/uuid"]).stdout()

    assert await run(f"{web.url}/folder/f.txt") == await run(f"{web.url}/copy")


async def in_a_new_session(state, folder, monkeypatch, ask):
    with running_session(state, folder / "session.log") as announced:
        monkeypatch.setenv("DAGGER_SESSION_PORT", str(announced["port"]))
        monkeypatch.setenv("DAGGER_SESSION_TOKEN", str(announced["session_token"]))
        async with dagger.Connection() as client:
            return await ask(client)


async def test_the_next_session_asks_whether_the_file_is_still_the_same(tmp_path, monkeypatch, web):
    web.etags = True

    async def contents(client):
        return await client.http(f"{web.url}/folder/f.txt").contents()

    async def ask():
        return await in_a_new_session(tmp_path / "state", tmp_path, monkeypatch, contents)

    assert [await ask(), await ask()] == ["hello\n", "hello\n"]
    web.files["/folder/f.txt"] = b"changed"
    assert await ask() == "changed"
    assert web.answered == [200, 304, 200]


async def test_a_pinned_file_that_is_known_needs_no_server(tmp_path, monkeypatch, web):
    async def contents(client):
        return await client.http(f"{web.url}/folder/f.txt", checksum=sha256(b"hello\n")).contents()

    async def ask():
        return await in_a_new_session(tmp_path / "state", tmp_path, monkeypatch, contents)

    assert await ask() == "hello\n"
    del web.files["/folder/f.txt"]
    assert await ask() == "hello\n"


async def test_a_service_of_the_session_can_be_what_answers(dag, debian):
    serving = (
        debian.with_new_file("/srv/f", "from inside")
        .with_workdir("/srv")
        .with_exposed_port(8000)
        .with_default_args(["python3", "-m", "http.server", "8000"])
        .as_service()
    )
    url = f"http://{await serving.hostname()}:8000/f"
    assert await dag.http(url, experimental_service_host=serving).contents() == "from inside"
    with pytest.raises(dagger.QueryError, match="is not the hostname of the service"):
        await dag.http("http://elsewhere:8000/f", experimental_service_host=serving).sync()
