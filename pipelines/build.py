"""Build the image of a Django project, layer by layer in the order in which they change."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagger import ReturnType, dag

from pipelines import archive, sources, toolchain
from pipelines.debian import EPOCH
from pipelines.recipes import HOME, OWNER
from pipelines.toolchain import VENV

if TYPE_CHECKING:
    import dagger

    from pipelines.images import Base
    from pipelines.project import Project
    from pipelines.revision import Revision
    from pipelines.settings import Settings

PORT = 8000
STATIC = f"{HOME}/staticfiles"
MEDIA = f"{HOME}/media"
# Beside the code, where no volume over the static files can hide it: what the start compares them with.
STAMP = ".collected.json"

_COLLECTOR = "/run/build/collect.py"
_TO_COMPRESS = "/tmp/to-compress.json"  # noqa: S108 - inside of a container, where all of it is this build's

# What the layers above the base hold, bottom to top; report.py names them so.
LAYERS = (
    f"Python dependencies ({VENV})",
    f"writable directories ({HOME}, {STATIC}, {MEDIA})",
    f"application code ({HOME})",
    f"static files ({STATIC})",
)

# What production settings read at import, with nothing but its form; the secret key is made anew in each run.
_THROWAWAY_HOSTS = "build.invalid"
# Begins each throwaway value that could be anything, so that a proof can look for it in what was built.
THROWAWAY = "throwaway-"

# For running an environment nobody needs a shell's activation, uv's lock or its note to backup programs.
_NOT_RUN = [
    "bin/activate*",
    "bin/Activate.ps1",
    "bin/deactivate.bat",
    "bin/pydoc.bat",
    ".lock",
    ".gitignore",
    "CACHEDIR.TAG",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that the image follows from."""

    settings: Settings
    project: Project
    base: Base
    revision: Revision | None


async def api_image(plan: Plan) -> dagger.Container:
    """Describe the image; no step runs until something is asked of it."""
    ready = runtime(plan)
    image = with_code(ready, plan)
    # Several chains go on from here. The SDK asks for the ids of a chain's arguments once for each, unless it has them.
    await image.id()
    collected = await static_files(ready, image, plan)
    return image.with_directory(HOME, collected, owner=OWNER).with_(_configured(plan))


def environment_builder(plan: Plan, *groups: str) -> dagger.Container:
    """Install the locked dependencies, hashes checked, into /opt/venv of a container that is not the image."""
    wanted = [argument for group in groups for argument in ("--group", group)]
    return (
        plan.base.container.with_user("0")
        .with_(toolchain.trusted(plan.settings.certificates))
        .with_(toolchain.uv(plan.settings.uv))
        .with_mounted_directory("/build", sources.dependency_files(plan.settings.project))
        .with_workdir("/build")
        .with_exec(["uv", "sync", "--locked", "--no-default-groups", "--no-install-project", *wanted])
    )


def dependencies(plan: Plan) -> dagger.Directory:
    """Return the environment as its layer: compiled, without what only a person at a shell uses."""
    # A distribution may carry files for other Pythons, which do not compile and are never imported.
    # fmt: off
    compile_all = [
        "python3.13", "-B", "-m", "compileall", "-q", "-f",
        "--invalidation-mode", "unchecked-hash", f"{VENV}/lib",
    ]
    # fmt: on
    built = environment_builder(plan).with_exec(compile_all, expect=ReturnType.ANY)
    layer = dag.directory().with_directory(VENV, built.directory(VENV), exclude=_NOT_RUN)
    return layer.with_timestamps(EPOCH)


def runtime(plan: Plan) -> dagger.Container:
    """Return what runs the code, and the directories that it writes to."""
    # From the root down, so that /opt gets a time of its own too, not that of the build.
    container = plan.base.container.with_directory("/", dependencies(plan))
    return container.with_directory(HOME, writable_directories(), owner=OWNER).with_(_runtime(plan.project))


def with_code(ready: dagger.Container, plan: Plan) -> dagger.Container:
    """Return the image without its static files and configuration: what collectstatic runs in."""
    return ready.with_directory(HOME, application_code(plan))


def writable_directories() -> dagger.Directory:
    """Return the directories that the running server may write to, there before anyone needs them."""
    directory = dag.directory()
    for path in (STATIC, MEDIA):
        directory = directory.with_new_directory(path.removeprefix(HOME), permissions=0o755)
    return directory.with_timestamps(EPOCH)


def application_code(plan: Plan) -> dagger.Directory:
    """Return the code with the image's owner, modes and times, whatever the checkout's umask and clock were."""
    staged = plan.base.container.with_user("0").with_directory(
        "/layer", sources.code(plan.settings.project), owner=OWNER
    )
    tidied = staged.with_exec(["chmod", "-R", "u=rwX,go=rX", "/layer"])
    return tidied.directory("/layer").with_timestamps(EPOCH)


async def static_files(ready: dagger.Container, image: dagger.Container, plan: Plan) -> dagger.Directory:
    """Collect the static files as the image's user under production settings; return what /app gains by it.

    Their time is the commit's: WhiteNoise makes entity tags of time and size, so two releases must not share one.
    """
    collected = image.with_user(OWNER).with_(throwaway_settings).with_(_collector)
    collected = collected.with_exec(["python", _COLLECTOR, _TO_COMPRESS, "collectstatic", "--noinput"])
    await collected.id()
    collected = collected.with_directory(STATIC, _compressed(ready, collected), owner=OWNER)
    gained = dag.directory()
    if plan.project.after_collectstatic:
        collected = collected.with_exec(list(plan.project.after_collectstatic))
        await collected.id()
        gained = gained.with_file(STAMP, collected.file(f"{HOME}/{STAMP}"))
    gained = gained.with_directory(STATIC.removeprefix(f"{HOME}/"), collected.directory(STATIC))
    return gained.with_timestamps(plan.revision.epoch if plan.revision else EPOCH)


def _compressed(ready: dagger.Container, collected: dagger.Container) -> dagger.Directory:
    """Return the collected files and their compressed ones, made where there is no code: a new one changes nothing."""
    step = ready.with_user(OWNER).with_directory(STATIC, collected.directory(STATIC), owner=OWNER)
    step = step.with_mounted_file(_TO_COMPRESS, collected.file(_TO_COMPRESS)).with_(_collector)
    return step.with_exec(["python", _COLLECTOR, _TO_COMPRESS]).directory(STATIC)


def _collector(container: dagger.Container) -> dagger.Container:
    program = dag.host().file(str(Path(__file__).with_name("collect.py")))
    return container.with_mounted_file(_COLLECTOR, program)


def throwaway_settings(container: dagger.Container) -> dagger.Container:
    """Set what production settings insist on, as secrets: in no layer, no configuration and no history."""
    values = {"DJANGO_SECRET_KEY": f"{THROWAWAY}{secrets.token_urlsafe(64)}", "DJANGO_ALLOWED_HOSTS": _THROWAWAY_HOSTS}
    for name, value in values.items():
        container = container.with_secret_variable(name, dag.set_secret(f"build-{name}", value))
    return container


def _runtime(project: Project) -> toolchain.Recipe:
    def recipe(container: dagger.Container) -> dagger.Container:
        for name, value in {
            "PATH": f"{VENV}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": project.settings_module,
        }.items():
            container = container.with_env_variable(name, value)
        return container.with_workdir(HOME)

    return recipe


def _configured(plan: Plan) -> toolchain.Recipe:
    def recipe(container: dagger.Container) -> dagger.Container:
        container = (
            container.with_user(OWNER)
            .with_exposed_port(PORT)
            .with_entrypoint(list(plan.project.entrypoint))
            .with_default_args(list(plan.project.command))
            .with_docker_healthcheck(
                list(plan.project.healthcheck), interval="10s", timeout="10s", start_period="60s", retries=3
            )
        )
        for name, value in labels(plan).items():
            container = container.with_label(f"org.opencontainers.image.{name}", value)
        return container

    return recipe


def labels(plan: Plan) -> dict[str, str]:
    """Return the image's labels by their name below `org.opencontainers.image` (OCI image-spec, annotations.md)."""
    known = {
        "title": plan.project.name,
        "version": plan.project.version,
        "source": plan.project.source,
        "base.name": plan.base.name,
        "base.digest": plan.base.digest,
    }
    if plan.revision:
        known |= {"revision": plan.revision.label, "created": plan.revision.created}
    return {name: value for name, value in known.items() if value}


async def write_archive(image: dagger.Container, target: Path) -> archive.ArchivedImage:
    """Build the image into `target`; what was there before stays until the new one is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        await image.export(str(partial))
        written = archive.read_image(partial)
        partial.chmod(0o644)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    return written
