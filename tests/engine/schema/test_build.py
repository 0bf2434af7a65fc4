"""The schema and its resolvers, joined."""

from __future__ import annotations

import json
import re
import time

import pytest
from graphql import graphql

from engine.schema.build import IncompleteSchema, build_schema, directive_argument, expected_type, object_fields
from engine.schema.source import schema_digest
from tests.engine.small_api import resolvers, small_schema


async def ask(query: str, **variables: object) -> object:
    result = await graphql(
        small_schema(),
        query,
        variable_values=variables,
        type_resolver=lambda value, *_: value.type_name,
    )
    if result.errors:
        raise result.errors[0]
    return result.data


def test_a_field_without_a_resolver_is_refused_by_name():
    table = resolvers()
    del table["Container.stdout"]
    with pytest.raises(IncompleteSchema, match=re.escape("no resolver for Container.stdout")):
        build_schema(table)


def test_a_resolver_without_a_field_is_refused_by_name():
    table = resolvers() | {"Container.colour": lambda *_: "red"}
    with pytest.raises(IncompleteSchema, match=re.escape("no field for resolver Container.colour")):
        build_schema(table)


def test_building_is_quick():
    table = resolvers()
    begun = time.process_time()
    build_schema(table)
    assert time.process_time() - begun < 0.5


def test_the_digest_names_the_schema():
    assert re.fullmatch(r"[0-9a-f]{64}", schema_digest())


def test_expected_types_are_read_from_arguments_and_fields():
    fields = object_fields(small_schema())
    assert expected_type(fields["Container.withFiles"].args["sources"]) == "File"
    assert expected_type(fields["Container.withFiles"].args["path"]) is None
    assert expected_type(fields["Service.start"]) == "Service"
    assert directive_argument(fields["Directory.withPatch"], "enumValue", "value") is None


@pytest.mark.parametrize(
    ("written", "decoded"),
    [("Gzip", "Gzip"), ("GZIP", "Gzip"), ('"Zstd"', "Zstd"), ('"UNCOMPRESSED"', "Uncompressed")],
)
async def test_enums_arrive_under_their_canonical_name(written, decoded):
    data = await ask(f'{{ container {{ publish(address: "a", forcedCompression: {written}) }} }}')
    assert json.loads(data["container"]["publish"])["forcedCompression"] == decoded


async def test_enums_in_variables_arrive_under_their_canonical_name():
    query = 'query($c: ImageMediaTypes) { container { publish(address: "a", mediaTypes: $c) } }'
    data = await ask(query, c="DOCKER")
    assert json.loads(data["container"]["publish"])["mediaTypes"] == "DockerMediaTypes"


async def test_unknown_enum_values_are_an_error():
    with pytest.raises(Exception, match="Lzma"):
        await ask('{ container { publish(address: "a", forcedCompression: "Lzma") } }')


async def test_enums_are_given_under_their_canonical_name():
    assert await ask('{ container { stat(path: "REGULAR") { fileType } } }') == {
        "container": {"stat": {"fileType": "REGULAR"}}
    }


async def test_missing_objects_are_null():
    assert await ask('{ container { stat(path: "") { fileType } } }') == {"container": {"stat": None}}


async def test_an_id_that_looks_like_a_number_may_come_without_quotes():
    data = await ask('{ container { withMountedCache(path: "/c", cache: 12) { user } } }')
    assert json.loads(data["container"]["withMountedCache"]["user"])["cache"] == "12"
    with pytest.raises(Exception, match="invalid ID string: 12"):
        await ask("{ loadContainerFromID(id: 12) { id } }")


async def test_arguments_have_the_apis_defaults():
    data = await ask('{ container { withMountedCache(path: "/c", cache: "x") { user } } }')
    assert json.loads(data["container"]["withMountedCache"]["user"]) == {
        "path": "/c", "cache": "x", "sharing": "SHARED", "owner": "", "expand": False,
    }  # fmt: skip


async def test_input_objects_have_the_apis_defaults():
    with pytest.raises(Exception, match=re.escape('[{"backend": 80, "protocol": "TCP"}]')):
        await ask("{ container { up(ports: [{ backend: 80 }]) } }")


async def test_a_platform_must_be_a_string():
    with pytest.raises(Exception, match="Platform must be a string"):
        await ask("{ container(platform: LINUX) { platform } }")


async def test_a_node_is_of_the_type_that_it_says():
    identity = (await ask('{ container { withEnvVariable(name: "A", value: "1") { id } } }'))["container"]
    query = 'query($id: ID!) { node(id: $id) { __typename id ... on Container { envVariable(name: "A") } } }'
    data = await ask(query, id=identity["withEnvVariable"]["id"])
    assert data["node"] == {"__typename": "Container", "id": identity["withEnvVariable"]["id"], "envVariable": "1"}


async def test_old_clients_load_by_an_identity_of_the_type():
    identity = (await ask('{ container(platform: "linux/arm64") { id } }'))["container"]["id"]
    query = "query($id: ContainerID!) { loadContainerFromID(id: $id) { platform } }"
    assert await ask(query, id=identity) == {"loadContainerFromID": {"platform": "linux/arm64"}}


async def test_loading_an_interface_takes_any_object_that_has_it():
    identity = (await ask("{ container { id } }"))["container"]["id"]
    data = await ask("query($id: SyncerID!) { loadSyncerFromID(id: $id) { __typename } }", id=identity)
    assert data == {"loadSyncerFromID": {"__typename": "Container"}}


async def test_loading_another_type_names_both():
    identity = (await ask("{ directory { id } }"))["directory"]["id"]
    with pytest.raises(Exception, match="load Container: expected Container, got Directory"):
        await ask("query($id: ContainerID!) { loadContainerFromID(id: $id) { platform } }", id=identity)


async def test_loading_what_is_no_id_is_an_error():
    with pytest.raises(Exception, match="invalid ID string: not an id"):
        await ask('{ loadContainerFromID(id: "not an id") { platform } }')
