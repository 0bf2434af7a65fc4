"""The schema says what Dagger's own client expects of it."""

from __future__ import annotations

import re

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    Undefined,
    build_ast_schema,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    validate_schema,
    value_from_ast,
)

from engine.schema.build import expected_type
from engine.schema.legacy import with_legacy
from engine.schema.source import read_source
from tests.engine.schema import client_api

TYPES = client_api.objects()

# Dagger's modules, agents, workspaces, cloud and checks; the engine's own inspection; and what only v0.21.11 has.
ABSENT_TYPES = {
    "Binding", "Check", "CheckGroup", "ClientFilesyncMirror", "Cloud", "CurrentModule", "Engine", "EngineCache",
    "EngineCacheEntry", "EngineCacheEntrySet", "EnumTypeDef", "EnumValueTypeDef", "Env", "FieldTypeDef", "Function",
    "FunctionArg", "FunctionCall", "FunctionCallArgValue", "GeneratedCode", "Generator", "GeneratorGroup", "HTTPState",
    "InputTypeDef", "InterfaceTypeDef", "LLM", "LLMTokenUsage", "ListTypeDef", "ModuleConfigClient", "ObjectTypeDef",
    "RemoteGitMirror", "SDKConfig", "ScalarTypeDef", "SourceMap", "Terminal", "TypeDef", "Up", "UpGroup", "Volume",
    "Workspace",
}  # fmt: skip
ABSENT_FIELDS = {
    "Address": {"volume"},
    "Container": {"withMountedVolume"},
    "Query": {
        "cloud", "currentEnv", "currentFunctionCall", "currentModule", "currentTypeDefs", "currentWorkspace", "engine",
        "env", "function", "generatedCode", "llm", "module", "moduleSource", "sourceMap", "sshfsVolume", "typeDef",
    } | {f"load{name}FromID" for name in ABSENT_TYPES},
}  # fmt: skip
ONLY_NAMED = {"Module", "ModuleSource"}
"""Types that fields give, but of which only the identity is declared."""


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_ast_schema(with_legacy(parse(read_source())))


def own_types(schema: GraphQLSchema, kind: type) -> dict[str, object]:
    return {
        name: named
        for name, named in schema.type_map.items()
        if isinstance(named, kind) and not is_introspection_type(named) and not is_specified_scalar_type(named)
    }


def test_the_schema_is_valid(schema):
    assert validate_schema(schema) == []


def test_every_type_of_the_client_is_there_or_left_out_on_purpose(schema):
    assert TYPES.keys() - own_types(schema, GraphQLObjectType).keys() == ABSENT_TYPES
    assert own_types(schema, GraphQLObjectType).keys() - TYPES.keys() == set()


@pytest.mark.parametrize("name", sorted(TYPES.keys() - ABSENT_TYPES - ONLY_NAMED))
def test_a_type_has_the_fields_that_the_client_calls(schema, name):
    declared = schema.type_map[name].fields.keys()
    assert TYPES[name].keys() - declared == ABSENT_FIELDS.get(name, set())
    assert declared - TYPES[name].keys() == set()


@pytest.mark.parametrize("name", sorted(TYPES.keys() - ABSENT_TYPES - ONLY_NAMED))
def test_fields_have_the_arguments_and_defaults_of_the_client(schema, name):
    declared = {field_name: declared_arguments(field) for field_name, field in schema.type_map[name].fields.items()}
    called = {
        field_name: {a: (argument.type, argument.default) for a, argument in field.arguments.items()}
        for field_name, field in TYPES[name].items()
        if field_name not in ABSENT_FIELDS.get(name, set())
    }
    # `node` is generic in the client: its Python annotations say nothing about GraphQL.
    assert declared | {"node": None} == called | {"node": None}


def declared_arguments(field: GraphQLField) -> dict[str, tuple[str, object]]:
    found = {}
    for name, argument in field.args.items():
        default = value_from_ast(argument.ast_node.default_value, argument.type)
        if default is Undefined:
            default = client_api.NO_DEFAULT if str(argument.type).endswith("!") else None
        expected = expected_type(argument)
        text = str(argument.type) if expected is None else re.sub(r"\bID\b", expected, str(argument.type))
        found[name] = (text, default)
    return found


@pytest.mark.parametrize("name", sorted(TYPES.keys() - ABSENT_TYPES - ONLY_NAMED))
def test_fields_give_what_the_client_reads(schema, name):
    for field_name, field in schema.type_map[name].fields.items():
        expected = expected_type(field)
        text = str(field.type) if expected is None else re.sub(r"\bID\b", expected, str(field.type))
        called = TYPES[name][field_name].type
        if isinstance(get_named_type(field.type), GraphQLObjectType | GraphQLInterfaceType):
            # The client shows an object as if it were always there.
            text, called = text.removesuffix("!"), called.removesuffix("!")
        if field_name == "id":
            called = "ID!"
        if called == "Void":
            text = text.removesuffix("!")
        assert (field_name, text) == (field_name, called)


def test_enums_have_the_clients_values_and_aliases(schema):
    called = client_api.enums()
    for name, enum in own_types(schema, GraphQLEnumType).items():
        declared = {
            value_name: next((d.arguments[0].value.value for d in value.ast_node.directives or ()), value_name)
            for value_name, value in enum.values.items()
        }
        assert (name, declared) == (name, called[name])


def test_inputs_have_the_clients_fields(schema):
    called = client_api.inputs()
    declared = {
        name: {
            field_name: (str(field.type), not str(field.type).endswith("!"))
            for field_name, field in named.fields.items()
        }
        for name, named in own_types(schema, GraphQLInputObjectType).items()
    }
    assert declared == called


def test_every_scalar_is_one_that_the_client_knows(schema):
    assert own_types(schema, GraphQLScalarType).keys() <= client_api.scalars()


def test_every_id_that_is_not_an_objects_own_says_of_what_it_is(schema):
    silent = [
        f"{name}.{field_name}({argument})"
        for name, named in own_types(schema, GraphQLObjectType).items()
        for field_name, field in named.fields.items()
        for argument, value in field.args.items()
        if "ID" in str(value.type) and not str(value.type).endswith("ID!") and expected_type(value) is None
    ]
    assert silent == []


def test_everything_is_described(schema):
    silent = [
        f"{name}.{field_name}"
        for name, named in own_types(schema, GraphQLObjectType).items()
        for field_name, field in named.fields.items()
        if not field.description
    ]
    assert silent == []
