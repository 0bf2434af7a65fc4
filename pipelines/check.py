"""Run the project's own checks inside the environment that the image has."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
from dagger import ReturnType

from pipelines import sources
from pipelines.build import environment_builder, throwaway_settings
from pipelines.outcome import Outcome
from pipelines.recipes import HOME, OWNER
from pipelines.toolchain import VENV

if TYPE_CHECKING:
    import dagger

    from pipelines.build import Plan

_LAST_LINES = 40


def environment(plan: Plan, ground: dagger.Container) -> dagger.Container:
    """Return the image's environment with the development dependencies, the code and the tests, and their user.

    `ground` is the image's base, or one that holds more, such as a database's programs for the tests.
    """
    installed = environment_builder(plan, "dev").directory(VENV)
    return (
        ground.with_directory(VENV, installed)
        .with_directory(HOME, sources.code_with_tests(plan.settings.project), owner=OWNER)
        .with_user(OWNER)
        .with_workdir(HOME)
        .with_env_variable("PATH", f"{VENV}/bin:/usr/local/bin:/usr/bin:/bin")
        .with_env_variable("PYTHONDONTWRITEBYTECODE", "1")
        .with_env_variable("DJANGO_SETTINGS_MODULE", plan.project.test_settings_module)
    )


def steps(plan: Plan, ground: dagger.Container) -> dict[str, dagger.Container]:
    """Describe each check as a container whose last command ends with 0 when all is well."""
    ready = environment(plan, ground)
    production = ready.with_env_variable("DJANGO_SETTINGS_MODULE", plan.project.settings_module).with_(
        throwaway_settings
    )
    deploy = ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    described = {
        "tests": (ready, ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]),
        "missing migrations": (ready, ["python", "manage.py", "makemigrations", "--check", "--dry-run"]),
        "deployment check": (production, deploy),
    }
    return {
        name: container.with_exec(command, expect=ReturnType.ANY) for name, (container, command) in described.items()
    }


async def check(plan: Plan, ground: dagger.Container) -> list[Outcome]:
    """Run every check side by side."""
    outcomes: dict[str, Outcome] = {}

    async def run(name: str, container: dagger.Container) -> None:
        started = time.monotonic()
        code = await container.exit_code()
        said = (await container.combined_output()).strip().splitlines()
        detail = "\n".join(said[-1:] if code == 0 else [f"ended with exit code {code}:", *said[-_LAST_LINES:]])
        outcomes[name] = Outcome(step=name, ok=code == 0, seconds=time.monotonic() - started, detail=detail)

    described = steps(plan, ground)
    async with anyio.create_task_group() as group:
        for name, container in described.items():
            group.start_soon(run, name, container)
    return [outcomes[name] for name in described]
