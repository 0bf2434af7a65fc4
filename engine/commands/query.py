"""Send one GraphQL query and print its data."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from engine.commands.invocation import UsageError
from engine.commands.own_session import a_session
from engine.errors import EngineError, InvalidRequest

if TYPE_CHECKING:
    from engine.commands.invocation import Invocation, Parser
    from engine.commands.own_session import Session


def configure(parser: Parser) -> None:
    """Declare the document and its variables."""
    parser.epilog = "example: echo '{ container { platform } }' | dagger query"
    parser.add_argument("--doc", metavar="FILE", help="read the query from a file instead of standard input")
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="set a variable to a string")
    parser.add_argument("--var-json", default="{}", metavar="JSON", help="set variables to the values of a JSON object")
    parser.add_argument("operation", nargs="?", help="which operation of the document to execute")


def execute(invocation: Invocation) -> int:
    """Print the data as JSON; raises EngineError with the errors of the answer."""
    options = invocation.options
    request = {
        "query": _document(options.doc),
        "variables": _variables(options.var_json, options.var),
        "operationName": options.operation,
    }
    with a_session(invocation) as session:
        answer = _ask(session, request)
    if answer.get("errors"):
        raise EngineError("\n".join(error["message"] for error in answer["errors"]))
    print(json.dumps(answer["data"], indent=4, ensure_ascii=False))  # noqa: T201 (its purpose)
    return 0


def _document(path: str | None) -> str:
    try:
        return Path(path).read_text(encoding="utf-8") if path else sys.stdin.read()
    except OSError as error:
        raise InvalidRequest(f"cannot read the query from {path}: {error.strerror}") from error


def _variables(whole: str, single: list[str]) -> dict[str, object]:
    try:
        variables = json.loads(whole)
    except ValueError as error:
        raise UsageError(f"--var-json is not JSON: {error}") from error
    if not isinstance(variables, dict):
        raise UsageError("--var-json must be an object")
    for assignment in single:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise UsageError(f"--var must be NAME=VALUE, not {assignment!r}")
        variables[name] = value
    return variables


def _ask(session: Session, request: dict[str, Any]) -> dict[str, Any]:
    from http.client import HTTPConnection  # noqa: PLC0415 (late: only this verb needs it)

    credentials = b64encode(f"{session.token}:".encode()).decode()
    connection = HTTPConnection("127.0.0.1", session.port)
    try:
        connection.request(
            "POST",
            "/query",
            body=json.dumps(request).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Basic {credentials}"},
        )
        response = connection.getresponse()
        body = response.read()
    except OSError as error:
        raise EngineError(f"the session on port {session.port} does not answer: {error}") from error
    finally:
        connection.close()
    if not body:
        raise EngineError(f"the session on port {session.port} answered {response.status} {response.reason}")
    return cast("dict[str, Any]", json.loads(body))
