"""Turn the command line and the environment into a run, and a run into an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from typing import TYPE_CHECKING

import anyio
import dagger
from anyio import to_thread

from pipelines import images, report
from pipelines.build import LAYERS, Plan, api_image, write_archive
from pipelines.check import check
from pipelines.debian import BaseArchive, Recipe, base_archive
from pipelines.failures import explain
from pipelines.project import read_project
from pipelines.proofs import verdict
from pipelines.proofs.run import prove, subject
from pipelines.revision import NoRevisionError, Revision, read_revision
from pipelines.settings import Settings, engine_environment, from_env
from pipelines.smoke import smoke, surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.errors import PipelineError
    from pipelines.outcome import Outcome

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
        return anyio.run(_run, settings, options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except Exception as error:  # noqa: BLE001 - the one place where every error becomes a sentence
        if options.debug:
            traceback.print_exc()
        return _fail(explain(error))


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


async def _run(settings: Settings, options: argparse.Namespace) -> int:
    started = time.monotonic()
    project = read_project(settings.project)
    revision, notes = _revision(settings)
    made = await _bases(settings, options.command)
    if revision:
        # An engine that can, dates what it writes by it; Dagger's does not look.
        os.environ.setdefault("SOURCE_DATE_EPOCH", str(revision.epoch))
    async with dagger.connection(dagger.Config(log_output=sys.stderr)):
        base = await _base(settings, made)
        plan = Plan(settings=settings, project=project, base=base, revision=revision)
        if options.command == "build":
            return await _build(plan, notes, started=started, json=options.json)
        if options.command == "prove":
            return await _prove(plan, json=options.json)
        outcomes = await _check(plan, made) if options.command == "check" else await _smoke(plan, made)
    print(report.as_json(outcomes) if options.json else report.outcomes_text(outcomes))
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _revision(settings: Settings) -> tuple[Revision | None, list[str]]:
    try:
        return read_revision(settings.project), []
    except NoRevisionError as error:
        return None, [str(error)]


async def _bases(settings: Settings, command: str) -> dict[Recipe, BaseArchive]:
    """Make the bases that the run needs, before any connection: one after the other, for they share the network."""
    if settings.base_image:
        return {}
    wanted = [images.PYTHON] if command in ("build", "prove") else [images.PYTHON, images.POSTGRES]
    return {recipe: await to_thread.run_sync(base_archive, recipe, settings.bases) for recipe in wanted}


async def _base(settings: Settings, made: dict[Recipe, BaseArchive]) -> images.Base:
    if settings.base_image:
        return await images.registry_base(settings.base_image)
    return images.debian_base(made[images.PYTHON], images.PYTHON)


async def _build(plan: Plan, notes: Sequence[str], *, started: float, json: bool) -> int:
    settings = plan.settings
    previous = report.previous_layers(settings.report)
    written = await write_archive(api_image(plan), settings.archive)
    result = report.build_report(
        written,
        archive=settings.archive,
        holds=[*plan.base.layers, *LAYERS],
        previous=previous,
        seconds=time.monotonic() - started,
        revision=plan.revision.label if plan.revision else "",
        notes=notes,
    )
    report.write_report(result, settings.report)
    print(report.as_json(result) if json else report.build_text(result))
    return 0


async def _prove(plan: Plan, *, json: bool) -> int:
    written = await write_archive(api_image(plan), plan.settings.archive)
    proofs = await prove(subject(plan.settings.archive, plan.base.container))
    print(verdict.as_json(written.digest, proofs) if json else verdict.as_text(written.digest, proofs))
    return 0 if all(proof.ok for proof in proofs) else 1


async def _check(plan: Plan, made: dict[Recipe, BaseArchive]) -> list[Outcome]:
    ground = images.from_archive(made[images.POSTGRES]) if images.POSTGRES in made else plan.base.container
    return await check(plan, ground)


async def _smoke(plan: Plan, made: dict[Recipe, BaseArchive]) -> list[Outcome]:
    around = surroundings(
        api_image(plan),
        base=plan.base.container,
        postgres=images.postgres(made.get(images.POSTGRES)),
        command=(*plan.project.entrypoint, *plan.project.command),
    )
    return await smoke(around)
