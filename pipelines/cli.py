"""Turn the command line and the environment into a run, and a run into an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from typing import TYPE_CHECKING

from pipelines.errors import PipelineError
from pipelines.ground import make_ground
from pipelines.session import early_session
from pipelines.settings import engine_environment, from_env

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.settings import Settings

_EXAMPLES = """\
examples:
  python -m pipelines build                         the image of apps/api, as dist/api.oci.tar
  python -m pipelines build --project ../shop       another Django project
  python -m pipelines build --base image=REF        start from an image of a registry
  python -m pipelines prove --json                  what is proved of the image, for machines
  ENGINE=dagger python -m pipelines check           the same with Dagger's own engine
"""


def main(arguments: Sequence[str]) -> int:
    """Run one pipeline; a mistake of the user ends in one sentence and an exit code, never in a traceback."""
    options = _parser().parse_args(arguments)
    try:
        settings = from_env(
            os.environ, project=options.project, output=options.output, engine=options.engine, base=options.base
        )
        # The SDK and the engine read these when the connection opens.
        os.environ.update(engine_environment(settings, os.environ))
        return _run(settings, options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except Exception as error:  # noqa: BLE001 - the one place where every error becomes a sentence
        if options.debug:
            traceback.print_exc()
        return _fail(error if isinstance(error, PipelineError) else _explained(error))


def _run(settings: Settings, options: argparse.Namespace) -> int:
    begun = time.monotonic()
    ground = make_ground(settings, with_postgres=options.command in {"check", "smoke"})
    if ground.revision:
        # An engine that can, dates what it writes by it; Dagger's does not look.
        os.environ.setdefault("SOURCE_DATE_EPOCH", str(ground.revision.epoch))
    with early_session(os.environ) as connection:
        # Late, as loading the SDK takes longer than all else: meanwhile the engine starts.
        from pipelines.run import Job, run  # noqa: PLC0415

        os.environ.update(connection())
        job = Job(command=options.command, settings=settings, ground=ground, begun=begun, json=options.json)
        ended = run(job)
    print(ended.text)
    return 0 if ended.ok else 1


def _explained(error: Exception) -> PipelineError:
    from pipelines.failures import explain  # noqa: PLC0415 - late: it loads the SDK

    return explain(error)


def _fail(error: PipelineError) -> int:
    print(f"error: {error}{f'; {error.hint}' if error.hint else ''}", file=sys.stderr)
    return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines",
        description="Build, check, smoke-test and prove the image of a Django project.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, what in {
        "build": "build the image and write it as an OCI archive",
        "check": "run the project's tests and Django's checks in the environment that the image has",
        "smoke": "run the built image with a PostgreSQL and look at what it answers",
        "prove": "build the image and prove what docs/proofs.md promises of it",
    }.items():
        command = commands.add_parser(name, help=what, description=what)
        command.add_argument("--project", metavar="PATH", help="the Django project (default: apps/api)")
        command.add_argument("--output", metavar="FILE", help="the archive to write (default: dist/api.oci.tar)")
        command.add_argument("--engine", metavar="NAME", help="local or dagger (default: $ENGINE, then local on Linux)")
        command.add_argument(
            "--base",
            metavar="BASE",
            help="debian, image or image=REF (default: $BASE, then debian, or image with Dagger)",
        )
        command.add_argument("--json", action="store_true", help="print JSON instead of text")
        command.add_argument("--debug", action="store_true", help="print the traceback of an error")
    return parser
