"""Say in one sentence what went wrong in a step, from what the engine and the programs in it said."""

from __future__ import annotations

import errno
import re
import shlex
from dataclasses import dataclass

import dagger

from pipelines.errors import PipelineError


@dataclass(frozen=True, slots=True)
class _Known:
    pattern: re.Pattern[str]
    message: str
    hint: str


_KNOWN = (
    _Known(
        re.compile(r"no space left on device", re.IGNORECASE),
        "the disk is full",
        "make room (`make clean` removes what this project keeps) and run the same command again",
    ),
    _Known(
        re.compile(r"lockfile .*needs to be updated", re.IGNORECASE),
        "uv.lock does not match pyproject.toml",
        "run `uv lock` in the project's directory and commit the result",
    ),
    _Known(
        re.compile(r"hash mismatch", re.IGNORECASE),
        "a downloaded package does not have the hash that uv.lock names",
        "do not build on: find out who changed the package, or run `uv lock` if the change is yours",
    ),
    _Known(
        re.compile(r"incompatible with the project's Python requirement|requires-python"),
        "the base's Python is not one that the project's requires-python allows",
        "change requires-python, or start from another base with --base image=REF",
    ),
    _Known(
        re.compile(r"invalid peer certificate|certificate verify failed|UnknownIssuer"),
        "the package registry's certificate is not trusted",
        "name a file with the right certificate authority in SSL_CERT_FILE",
    ),
    _Known(
        re.compile(
            r"error sending request|dns error|temporary failure in name resolution|failed to fetch|"
            r"connection refused|network is unreachable|no such host|i/o timeout",
            re.IGNORECASE,
        ),
        "a registry cannot be reached",
        "look at the network and the proxy variables, and run the same command again",
    ),
)
_MAX_LINE = 300


def explain(error: BaseException) -> PipelineError:
    """Turn what a pipeline raised into one sentence and a hint; what is not known keeps its own words."""
    error = _innermost(error)
    if isinstance(error, PipelineError):
        return error
    if isinstance(error, dagger.ExecError):
        return _command_failed(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return PipelineError(_KNOWN[0].message, hint=_KNOWN[0].hint)
    text = str(error).strip() or type(error).__name__
    return _known(text, text) or PipelineError(_shortened(text))


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        # Cancelled neighbours are a consequence; the first failure is the reason.
        error = error.exceptions[0]
    return error


def _command_failed(error: dagger.ExecError) -> PipelineError:
    said = f"{error.stderr}\n{error.stdout}"
    reason = _telling_line(error.stderr) or _telling_line(error.stdout) or "it said nothing"
    known = _known(said, reason)
    if known:
        return known
    if "collectstatic" in error.command:
        return PipelineError(
            f"collecting the static files failed: {reason}",
            hint="run `python manage.py collectstatic` with production settings to see the whole story",
        )
    return PipelineError(f"`{shlex.join(error.command)}` ended with exit code {error.exit_code}: {reason}")


def _known(text: str, reason: str) -> PipelineError | None:
    for known in _KNOWN:
        if known.pattern.search(text):
            return PipelineError(f"{known.message} ({_shortened(reason)})", hint=known.hint)
    return None


def _telling_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error:", "error ", "e: "))]
    return _shortened((errors or lines[-1:] or [""])[0])


def _shortened(text: str) -> str:
    line = text.splitlines()[0] if text else text
    return line if len(line) <= _MAX_LINE else f"{line[:_MAX_LINE]}…"
