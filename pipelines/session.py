"""Start the embedded engine before the SDK is loaded: both take a second, and neither needs the other for it."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Connection: TypeAlias = Callable[[], Mapping[str, str]]

_SECONDS_TO_CLOSE = 300


@contextmanager
def early_session(environ: Mapping[str, str]) -> Iterator[Connection]:
    """Have the program of `_EXPERIMENTAL_DAGGER_CLI_BIN` start a session, as the SDK would (dagger.provisioning).

    The call that is given waits until it serves, and returns the variables by which the SDK finds it: none where
    there is a session already, or no program is named and the SDK has to see to it.
    """
    program = environ.get("_EXPERIMENTAL_DAGGER_CLI_BIN")
    if not program or "DAGGER_SESSION_PORT" in environ:
        yield dict
        return
    command = [program, "session", "--label", "dagger.io/sdk.name:python"]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield lambda: _connection(process)
        finally:
            _end(process)
    if process.returncode:
        raise PipelineError(f"the engine ended with exit code {process.returncode}; its last lines say why")


def _connection(process: subprocess.Popen[str]) -> dict[str, str]:
    announced = process.stdout.readline() if process.stdout else ""
    if not announced:
        raise PipelineError("the engine did not start; the lines above say why")
    known = json.loads(announced)
    return {"DAGGER_SESSION_PORT": str(known["port"]), "DAGGER_SESSION_TOKEN": known["session_token"]}


def _end(process: subprocess.Popen[str]) -> None:
    """Close its input and wait: it brings what it made to the disk."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(_SECONDS_TO_CLOSE)
    except BaseException:
        process.kill()
        raise
