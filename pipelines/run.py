"""Carry out one command over a connection to an engine."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import dagger

from pipelines import images, report
from pipelines.build import LAYERS, Plan, api_image, write_archive
from pipelines.recipes import POSTGRES, PYTHON

if TYPE_CHECKING:
    from pipelines.ground import Ground
    from pipelines.outcome import Outcome
    from pipelines.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One command, and how to tell what it came to; `begun` is when the process did (time.monotonic)."""

    command: str
    settings: Settings
    ground: Ground
    begun: float
    json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What to print, and whether all is well."""

    text: str
    ok: bool = True


def run(job: Job) -> Ended:
    """Run it to its end; raises what the SDK raises, and PipelineError."""
    return anyio.run(_run, job)


async def _run(job: Job) -> Ended:
    async with dagger.connection(dagger.Config(log_output=sys.stderr)):
        base = await _base(job)
        plan = Plan(settings=job.settings, project=job.ground.project, base=base, revision=job.ground.revision)
        return await _COMMANDS[job.command](plan, job)


async def _base(job: Job) -> images.Base:
    if job.settings.base_image:
        return await images.registry_base(job.settings.base_image)
    return images.debian_base(job.ground.bases[PYTHON], PYTHON)


async def _build(plan: Plan, job: Job) -> Ended:
    settings = plan.settings
    previous = report.previous_layers(settings.report)
    written = await write_archive(await api_image(plan), settings.archive)
    result = report.build_report(
        written,
        archive=settings.archive,
        holds=[*plan.base.layers, *LAYERS],
        previous=previous,
        seconds=time.monotonic() - job.begun,
        revision=plan.revision.label if plan.revision else "",
        notes=job.ground.notes,
    )
    report.write_report(result, settings.report)
    return Ended(text=report.as_json(result) if job.json else report.build_text(result))


async def _prove(plan: Plan, job: Job) -> Ended:
    from pipelines.proofs import verdict  # noqa: PLC0415 - late, as below: what a build does not need
    from pipelines.proofs.run import prove, subject  # noqa: PLC0415

    written = await write_archive(await api_image(plan), plan.settings.archive)
    proofs = await prove(subject(plan.settings.archive, plan.base.container))
    text = verdict.as_json(written.digest, proofs) if job.json else verdict.as_text(written.digest, proofs)
    return Ended(text=text, ok=all(proof.ok for proof in proofs))


async def _check(plan: Plan, job: Job) -> Ended:
    from pipelines.check import check  # noqa: PLC0415

    made = job.ground.bases
    ground = images.from_archive(made[POSTGRES]) if POSTGRES in made else plan.base.container
    return _told(await check(plan, ground), job)


async def _smoke(plan: Plan, job: Job) -> Ended:
    from pipelines.smoke import smoke, surroundings  # noqa: PLC0415

    around = surroundings(
        await api_image(plan),
        base=plan.base.container,
        postgres=images.postgres(job.ground.bases.get(POSTGRES)),
        command=(*plan.project.entrypoint, *plan.project.command),
    )
    return _told(await smoke(around), job)


def _told(outcomes: list[Outcome], job: Job) -> Ended:
    text = report.as_json(outcomes) if job.json else report.outcomes_text(outcomes)
    return Ended(text=text, ok=all(outcome.ok for outcome in outcomes))


_COMMANDS = {"build": _build, "prove": _prove, "check": _check, "smoke": _smoke}
