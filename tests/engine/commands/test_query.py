"""`query` and `listen`: the API without an SDK."""

from __future__ import annotations

import json
import signal
import urllib.request

import pytest

from tests.engine.command_line import CommandLine

pytestmark = pytest.mark.root


@pytest.fixture
def dagger(tmp_path):
    return CommandLine(tmp_path / "state")


def test_a_query_from_the_input_prints_its_data(dagger):
    ended = dagger("query", "-s", stdin="{ directory { entries } }")
    assert (ended.code, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == {"directory": {"entries": []}}


def test_a_query_from_a_file_takes_variables_and_an_operation(dagger, tmp_path):
    document = tmp_path / "queries.graphql"
    document.write_text(
        "query A { version }\n"
        "query B($name: String!, $text: String!, $mode: Int) {"
        " directory { withNewFile(path: $name, contents: $text, permissions: $mode)"
        " { file(path: $name) { contents } } } }"
    )
    variables = json.dumps({"text": "inside", "mode": 384})
    ended = dagger("query", "--doc", str(document), "--var", "name=f", "--var-json", variables, "B")
    assert json.loads(ended.stdout)["directory"]["withNewFile"]["file"]["contents"] == "inside"


@pytest.mark.parametrize(
    ("arguments", "document", "message"),
    [
        ([], "{ colour }", "Cannot query field 'colour'"),
        ([], '{ directory { file(path: "none") { contents } } }', "no such file or directory"),
        (["--doc", "/no/such/file"], "", "cannot read the query from /no/such/file"),
        (["--var", "nonsense"], "{ version }", "--var must be NAME=VALUE"),
        (["--var-json", "["], "{ version }", "--var-json is not JSON"),
    ],
)
def test_what_goes_wrong_is_told_on_stderr(dagger, arguments, document, message):
    ended = dagger("query", "-s", *arguments, stdin=document)
    assert (ended.code, ended.stdout) == (1, "")
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_session_that_does_not_answer_is_told(dagger):
    ended = dagger("query", stdin="{ version }", DAGGER_SESSION_PORT="1", DAGGER_SESSION_TOKEN="x")
    assert ended.code == 1
    assert "the session on port 1 does not answer" in ended.stderr
    assert "Invalid DAGGER_SESSION_PORT: abc" in dagger("query", stdin="{ version }", DAGGER_SESSION_PORT="abc").stderr


def test_listening_serves_everybody_until_interrupted(dagger):
    with dagger.started("listen", "--listen", "127.0.0.1:0") as process:
        line = process.stderr.readline()
        url = line.removeprefix("==> server listening on ").strip()
        request = urllib.request.Request(url, data=b'{"query": "{ version }"}')
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer)["data"]["version"]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


def test_listening_on_a_port_that_is_taken_is_one_clear_line(dagger):
    with dagger.started("listen", "--listen", "127.0.0.1:0") as process:
        address = process.stderr.readline().split("//")[1].split("/")[0]
        ended = dagger("listen", "--listen", address)
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"Error: cannot listen on {address}: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("flag", ["--allow-cors", "--disable-host-read-write"])
def test_what_listening_cannot_do_is_refused(dagger, flag):
    ended = dagger("listen", flag)
    assert (ended.code, ended.stderr.count("\n")) == (1, 1)
    assert f"not supported by this engine: dagger listen {flag}" in ended.stderr
