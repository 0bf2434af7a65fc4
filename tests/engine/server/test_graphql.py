"""GraphQL requests and their answers."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import anyio
import pytest
from graphql import build_client_schema, get_introspection_query

from engine.server.graphql import GraphqlHandler
from engine.server.introspection import IntrospectionCache
from tests.engine.server.serving import small_handler
from tests.engine.small_api import Commands, small_schema

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


class Answer:
    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.json = json.loads(body)

    @property
    def error(self) -> dict:
        (error,) = self.json["errors"]
        return error


@pytest.fixture
def ask(tmp_path: Path):
    handler = small_handler(tmp_path)

    async def asking(query: object, **more: object) -> Answer:
        response = await handler.execute({"query": query, **more})
        return Answer(response.status, response.body)

    return asking


def command(*args: str) -> str:
    return f"{{ container {{ withExec: withExec(args: {json.dumps(args)}) {{ out: stdout }} }} }}"


async def test_data_has_the_shape_that_was_asked_for(ask):
    query = '{ one: container { a: withEnvVariable(name: "A", value: "1") { envVariable(name: "A") } } version }'
    answer = await ask(query)
    assert answer.status == 200
    assert answer.json == {"data": {"one": {"a": {"envVariable": "1"}}, "version": "v0.21.8"}}


async def test_variables_and_operation_names_are_heeded(ask):
    query = "query A { version } query B($p: Platform) { container(platform: $p) { platform } }"
    answer = await ask(query, variables={"p": "linux/arm64"}, operationName="B")
    assert answer.json == {"data": {"container": {"platform": "linux/arm64"}}}


async def test_typename_is_answered(ask):
    assert (await ask("{ __typename container { __typename } }")).json["data"] == {
        "__typename": "Query",
        "container": {"__typename": "Container"},
    }


async def test_a_failed_command_tells_everything_and_where(ask):
    answer = await ask(command("fail", "now"))
    assert answer.status == 200
    assert answer.json == {
        "errors": [
            {
                "message": "exit code: 3",
                "path": ["container", "withExec", "out"],
                "extensions": {
                    "_type": "EXEC_ERROR", "cmd": ["fail", "now"], "exitCode": 3, "stdout": "out", "stderr": "err",
                },
            }
        ],
        "data": None,
    }  # fmt: skip


async def test_one_error_leaves_no_data_at_all(ask):
    answer = await ask("{ version container { up(ports: [{ backend: 80 }]) } }")
    assert answer.json["data"] is None


async def test_other_errors_have_a_message_and_no_extensions(ask):
    answer = await ask("{ container { combinedOutput } }")
    assert answer.error == {
        "message": "Container.combinedOutput is not supported",
        "path": ["container", "combinedOutput"],
    }


async def test_an_error_in_a_task_group_is_unwrapped(ask):
    assert (await ask(command("group"))).error["message"] == "wrapped in a group"


async def test_a_fault_of_the_engine_is_named_and_its_traceback_only_logged(ask, caplog):
    answer = await ask(command("bug"))
    assert answer.error["message"] == "internal error: KeyError: 'a fault'"
    assert "Traceback" not in json.dumps(answer.json)
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ version", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ colour }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ container(colour: 1) { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ container { withEnvVariable(name: "A") { id } } }', "GRAPHQL_VALIDATION_FAILED"),
        ("{ container }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_is_not_valid_is_told_with_a_code(ask, query, code):
    answer = await ask(query)
    assert answer.status == 422
    assert answer.json["data"] is None
    assert answer.json["errors"][0]["extensions"] == {"code": code}


async def test_an_object_without_a_selection_is_told_in_dagger_words(ask):
    message = 'field "from" of type "Container" must have a selection of subfields'
    assert (await ask('{ container { from(address: "a") } }')).error["message"] == message


async def test_quoted_enum_values_are_taken(ask):
    answer = await ask('{ container { publish(address: "a", mediaTypes: "OCI") } }')
    assert json.loads(answer.json["data"]["container"]["publish"])["mediaTypes"] == "OCIMediaTypes"


async def test_values_of_the_wrong_type_are_an_error(ask):
    answer = await ask("{ container { withEnvVariable(name: 1, value: true) { id } } }")
    assert answer.json["data"] is None
    assert "String cannot represent" in json.dumps(answer.json)


@pytest.mark.parametrize("request_", [{"query": 1}, {"query": None}, {"query": "{ version }", "variables": [1]}])
async def test_a_request_of_the_wrong_shape_is_a_bad_request(tmp_path, request_):
    response = await small_handler(tmp_path).execute(request_)
    assert response.status == 400


async def test_siblings_run_side_by_side(ask):
    fields = " ".join(f'f{n}: container {{ withExec(args: ["sleep", "0.4"]) {{ stdout }} }}' for n in range(10))
    await ask("{ version }")
    begun = time.monotonic()
    answer = await ask(f"{{ {fields} }}")
    assert len(answer.json["data"]) == 10
    assert time.monotonic() - begun < 2


async def test_cancelling_a_request_cancels_its_work(tmp_path):
    commands = Commands()
    handler = small_handler(tmp_path, commands)
    await handler.build()
    fields = " ".join(f'f{n}: container {{ withExec(args: ["sleep", "9"]) {{ stdout }} }}' for n in range(3))
    with anyio.move_on_after(0.5):
        await handler.execute({"query": f"{{ {fields} }}"})
    assert commands.cancelled == ["sleep"] * 3


@pytest.mark.parametrize("length", [150, 1000])
async def test_long_chains_of_calls_are_answered(ask, length):
    calls = "".join(f'withEnvVariable(name: "N{n}", value: "x") {{' for n in range(length))
    answer = await ask(f'{{ container {{ {calls} withExec(args: ["echo", "x"]) {{ stdout }} {"}" * length} }} }}')
    assert '{"stdout": "x\\n"}' in json.dumps(answer.json)


async def test_endless_nesting_is_an_error(ask):
    answer = await ask("{ a" * 100_000)
    assert answer.status == 422
    assert "are nested" in answer.json["errors"][0]["message"]


async def test_output_that_is_not_text_survives(ask):
    assert (await ask(command("garbage"))).json["data"]["container"]["withExec"]["out"] == "\udcffé\n"


async def test_introspection_describes_a_schema_that_clients_can_use(ask):
    answer = await ask(get_introspection_query(descriptions=True, input_value_deprecation=True))
    schema = build_client_schema(answer.json["data"])
    assert schema.query_type.fields["container"].args["platform"].type.name == "Platform"
    mode = next(
        argument
        for kind in answer.json["data"]["__schema"]["types"]
        if kind["name"] == "Container"
        for field in kind["fields"]
        if field["name"] == "withMountedSecret"
        for argument in field["args"]
        if argument["name"] == "mode"
    )
    assert mode["defaultValue"] == "256"


async def test_introspection_is_remembered_by_the_next_session(tmp_path):
    first = await small_handler(tmp_path).execute({"query": get_introspection_query()})

    def unbuildable() -> None:
        raise AssertionError("the schema is not needed")

    cache = IntrospectionCache(directory=tmp_path / "introspection", schema_digest="d")
    second = GraphqlHandler(schema=unbuildable, context=None, introspection=cache)
    assert (await second.execute({"query": get_introspection_query()})).body == first.body


async def test_introspection_of_another_schema_is_not_remembered(tmp_path):
    await small_handler(tmp_path).execute({"query": get_introspection_query()})
    built = []

    def build():
        built.append(1)
        return small_schema()

    cache = IntrospectionCache(directory=tmp_path / "introspection", schema_digest="another")
    handler = GraphqlHandler(schema=build, context=None, introspection=cache)
    await handler.execute({"query": get_introspection_query()})
    assert built == [1]


async def test_only_introspection_is_remembered(tmp_path):
    handler = small_handler(tmp_path)
    await handler.execute({"query": "{ __typename version }"})
    await handler.execute({"query": "{ __typ"})
    assert not (tmp_path / "introspection").exists()


async def test_introspection_works_where_nothing_can_be_written(tmp_path):
    (tmp_path / "introspection").write_text("a file in the way")
    response = await small_handler(tmp_path).execute({"query": get_introspection_query()})
    assert response.status == 200
