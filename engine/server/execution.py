"""Execute a GraphQL request against the schema."""

from __future__ import annotations

import logging
import sys
from functools import lru_cache
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, cast

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    execute,
    validate,
)

from engine.errors import EngineError
from engine.server.document import FRAMES, parse_document
from engine.server.plain import PlainDocuments
from engine.server.response import Response, error_response, json_response
from engine.server.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import DocumentNode, ExecutionResult, GraphQLSchema

_log = logging.getLogger(__name__)


async def execute_request(
    schema: GraphQLSchema, context: object, request: Mapping[str, object]
) -> tuple[Response, bool]:
    """Answer a request; the flag says that it asked for nothing but the schema itself."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), FRAMES))
    query = request.get("query")
    variables = request.get("variables")
    operation_name = request.get("operationName")
    if not isinstance(query, str):
        return error_response("the request has no query", status=400), False
    if not isinstance(variables, dict | None) or not isinstance(operation_name, str | None):
        return error_response("variables must be an object and operationName a string", status=400), False
    document = _read(schema, query)
    if isinstance(document, Response):
        return document, False
    answer = execute(
        schema,
        document,
        context_value=context,
        variable_values=variables,
        operation_name=operation_name,
        type_resolver=lambda value, *_: cast("str", value.type_name),
    )
    result: ExecutionResult = await answer if isawaitable(answer) else answer
    return _written(result), _asks_for_the_schema(document) and not result.errors


def _read(schema: GraphQLSchema, query: str) -> DocumentNode | Response:
    try:
        document = parse_document(query)
    except GraphQLSyntaxError as error:
        return _invalid([error], "GRAPHQL_PARSE_FAILED")
    errors = [] if _plain(schema).accept(document) else validate(schema, document, RULES)
    return _invalid(errors, "GRAPHQL_VALIDATION_FAILED") if errors else document


@lru_cache(maxsize=1)
def _plain(schema: GraphQLSchema) -> PlainDocuments:
    return PlainDocuments(schema)


def _invalid(errors: list[Any], code: str) -> Response:
    formatted = [{**error.formatted, "extensions": {"code": code}} for error in errors]
    return json_response({"errors": formatted, "data": None}, status=422)


def _written(result: ExecutionResult) -> Response:
    if result.errors:
        return json_response({"errors": [_formatted(error) for error in result.errors], "data": None})
    return json_response({"data": result.data})


def _formatted(error: GraphQLError) -> dict[str, object]:
    cause = _cause(error.original_error)
    formatted: dict[str, object] = {"message": error.message}
    if error.path:
        formatted["path"] = error.path
    if isinstance(cause, EngineError):
        formatted["message"] = str(cause)
        if cause.extensions:
            formatted["extensions"] = dict(cause.extensions)
    elif cause is not None and not isinstance(cause, GraphQLError):
        where = ".".join(str(part) for part in error.path or ())
        _log.error("%s: a fault of the engine", where, exc_info=cause)
        formatted["message"] = f"internal error: {type(cause).__name__}: {cause}"
    return formatted


def _cause(error: BaseException | None) -> BaseException | None:
    """Look into groups: a task group wraps even a single error."""
    while isinstance(error, BaseExceptionGroup):
        inner = error.exceptions
        error = next((e for e in inner if isinstance(e, EngineError | BaseExceptionGroup)), inner[0])
    return error


def _asks_for_the_schema(document: DocumentNode) -> bool:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    selections = [node for operation in operations for node in operation.selection_set.selections]
    return all(isinstance(node, FieldNode) and node.name.value.startswith("__") for node in selections)
