"""A small engine behind the whole schema: enough fields to ask questions, all others refuse."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import anyio
from graphql import build_ast_schema, parse

from engine.errors import ExecError, InvalidRequest, NotSupported
from engine.schema.build import build_schema, object_fields
from engine.schema.source import read_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLSchema

    Resolvers = dict[str, Callable[..., Any]]


@dataclass(frozen=True, kw_only=True)
class Thing:
    """An object of the API: its type, and how it came about."""

    type_name: str
    facts: dict[str, Any]

    @property
    def id(self) -> str:
        return "x" + urlsafe_b64encode(json.dumps([self.type_name, self.facts]).encode()).decode()

    def having(self, **facts: Any) -> Thing:
        return Thing(type_name=self.type_name, facts={**self.facts, **facts})


@dataclass
class Commands:
    """What the `withExec` commands of one test did."""

    started: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    async def run(self, args: list[str]) -> str:
        """Know a few commands: echo, garbage, sleep, fail, bug, group."""
        name, *words = args
        self.started.append(name)
        match name:
            case "echo":
                return " ".join(words) + "\n"
            case "garbage":
                return b"\xff".decode(errors="surrogateescape") + "é\n"
            case "sleep":
                try:
                    await anyio.sleep(float(words[0]))
                except anyio.get_cancelled_exc_class():
                    self.cancelled.append(name)
                    raise
                self.finished.append(name)
                return "slept\n"
            case "fail":
                raise ExecError(command=args, exit_code=3, stdout="out", stderr="err")
            case "group":
                async with anyio.create_task_group():
                    raise InvalidRequest("wrapped in a group")
        raise KeyError("a fault")


def refusing(name: str) -> Callable[..., Any]:
    def refuse(_parent: object, _info: object, **_arguments: object) -> object:
        raise NotSupported(f"{name} is not supported")

    refuse.not_supported = "not in tests"
    return refuse


@cache
def _all_fields() -> frozenset[str]:
    return frozenset(object_fields(build_ast_schema(parse(read_source()))))


@cache
def small_schema() -> GraphQLSchema:
    """Build the schema, once for all tests; the context of a request is its `Commands`."""
    return build_schema(resolvers())


def resolvers() -> Resolvers:
    return {name: refusing(name) for name in _all_fields()} | {
        "Query.version": lambda _parent, _info: "v0.21.8",
        "Query.container": lambda _parent, _info, platform="linux/amd64": Thing(
            type_name="Container", facts={"platform": platform, "environ": {}}
        ),
        "Query.directory": lambda _parent, _info: Thing(type_name="Directory", facts={}),
        "Query.cacheVolume": lambda _parent, _info, **facts: Thing(type_name="CacheVolume", facts=facts),
        "Query.node": _node,
        "Container.id": lambda parent, _info: parent.id,
        "Directory.id": lambda parent, _info: parent.id,
        "CacheVolume.id": lambda parent, _info: parent.id,
        "Container.platform": lambda parent, _info: parent.facts["platform"],
        "Container.withEnvVariable": lambda parent, _info, *, name, value, expand: parent.having(
            environ={**parent.facts["environ"], name: value}, expand=expand
        ),
        "Container.envVariable": lambda parent, _info, *, name: parent.facts["environ"].get(name),
        "Container.withExec": lambda parent, _info, *, args, **_more: parent.having(args=args),
        "Container.withMountedCache": lambda parent, _info, **facts: parent.having(facts=facts),
        "Container.publish": lambda parent, _info, **facts: json.dumps(facts),
        "Container.user": lambda parent, _info: json.dumps(parent.facts["facts"]),
        "Container.stdout": lambda parent, info: info.context.run(parent.facts["args"]),
        "Container.stat": lambda _parent, _info, *, path, **_more: (
            Thing(type_name="Stat", facts={"kind": path}) if path else None
        ),
        "Container.up": lambda _parent, _info, **facts: None if facts["ports"] == [] else json_error(facts["ports"]),
        "Stat.fileType": lambda parent, _info: parent.facts["kind"],
    }


def json_error(value: object) -> None:
    """Show what a field got, where it can give nothing back."""
    raise InvalidRequest(json.dumps(value))


async def _node(_parent: object, _info: object, *, id: str) -> Thing:  # noqa: A002 (the API's name)
    await anyio.lowlevel.checkpoint()
    try:
        type_name, facts = json.loads(urlsafe_b64decode(id.removeprefix("x")))
    except ValueError:
        raise InvalidRequest(f"invalid ID string: {id}") from None
    return Thing(type_name=type_name, facts=facts)
