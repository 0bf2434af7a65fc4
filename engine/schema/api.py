"""The whole table: which function answers which field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import ObjectTypeDefinitionNode, parse

from engine.schema import (
    address,
    changeset,
    container_config,
    container_exec,
    container_files,
    container_image,
    container_mounts,
    directory,
    docker_build,
    env_file,
    file,
    git,
    host,
    http,
    json_value,
    query,
    service,
    stat,
)
from engine.schema.build import build_schema
from engine.schema.node import resolve_id, resolve_node, resolve_sync
from engine.schema.source import read_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLSchema

    from engine.schema.fields import Fields

TABLES: tuple[Fields, ...] = (
    address.error,
    address.error_value,
    address.fields,
    changeset.diff_stat,
    changeset.fields,
    container_config.fields,
    container_config.healthcheck,
    container_exec.fields,
    container_files.fields,
    container_image.fields,
    container_image.host,
    container_mounts.fields,
    directory.fields,
    docker_build.fields,
    env_file.env_variable,
    env_file.fields,
    env_file.label,
    file.fields,
    git.address,
    git.directory,
    git.query,
    git.ref,
    git.repository,
    host.fields,
    http.fields,
    json_value.fields,
    query.fields,
    query.secret_fields,
    service.container,
    service.fields,
    service.port,
    stat.result,
    stat.stat,
    stat.submatch,
)


def resolvers() -> dict[str, Callable[..., Any]]:
    """Give the resolver of every field."""
    table: dict[str, Callable[..., Any]] = {"Query.node": resolve_node}
    for kind in parse(read_source(), no_location=True).definitions:
        if isinstance(kind, ObjectTypeDefinitionNode):
            names = {field.name.value for field in kind.fields or ()}
            common = {"id": resolve_id, "sync": resolve_sync}
            table |= {f"{kind.name.value}.{name}": common[name] for name in names & common.keys()}
    for fields in TABLES:
        table |= fields.resolvers
    return table


def api_schema() -> GraphQLSchema:
    """Build the schema that is served."""
    return build_schema(resolvers())
