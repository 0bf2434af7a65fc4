"""Run the proofs against an image: the containers that look, and the judges that say what it means."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import dagger
from anyio import to_thread
from dagger import ReturnType, dag

from pipelines.archive import read_image
from pipelines.build import MEDIA, PORT, STATIC
from pipelines.failures import explain
from pipelines.proofs import layers, permissions, shutdown, static
from pipelines.proofs.layer_contents import LayerContents, read_layers
from pipelines.proofs.permissions import Case
from pipelines.proofs.verdict import Proof, unseen
from pipelines.recipes import HOME, OWNER, UID
from pipelines.toolchain import VENV

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from pipelines.toolchain import Recipe

SERVER = "api"
PYTHON = f"{VENV}/bin/python"
# As platforms do that give every project users of its own: a number that no file knows, in root's group.
ARBITRARY = (1_234_567, 0)
# Not on standard output, which is shown to people as the run goes on.
_FACTS = "/tmp/.facts.json"  # noqa: S108 - inside of a container of the proof
_PATHS = "/.paths.json"
_PROBES = Path(__file__).parent
# Longer than the probe itself takes to end what does not end.
_SHUTDOWN_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The image to be proved, as a container and as its archive; `base` is where lookers run that must be outside."""

    image: dagger.Container
    archive: Path
    base: dagger.Container
    run: str
    """Unlike any other run's: without it a look would be answered from what was seen before."""


def subject(archive: Path, base: dagger.Container) -> Subject:
    """Load the image of an archive: what is proved is what was written, bit by bit."""
    image = dag.container().import_(dag.host().file(str(archive)))
    return Subject(image=image, archive=archive, base=base, run=secrets.token_hex(8))


async def prove(of: Subject) -> list[Proof]:
    """Run every proof, side by side: each has containers of its own."""
    proofs: dict[str, Proof] = {}

    async def run(name: str) -> None:
        proofs[name] = await prove_one(name, of)

    async with anyio.create_task_group() as group:
        for name in PROOFS:
            group.start_soon(run, name)
    return [proofs[name] for name in PROOFS]


async def prove_one(name: str, of: Subject) -> Proof:
    """Run one proof; where the image could not even be looked at, the proof has failed and says why."""
    started = time.monotonic()
    try:
        proof = await PROOFS[name](of)
    except Exception as error:  # noqa: BLE001 - whatever kept it from looking, nothing is proved
        proof = unseen(name, str(explain(error)))
    return replace(proof, seconds=time.monotonic() - started)


async def prove_static(of: Subject) -> Proof:
    """Start the image's server, and fetch all its static files from another container."""
    server = of.image.with_(_configured(of, "static")).with_exposed_port(PORT).as_service(use_entrypoint=True)
    looked = (
        of.base.with_service_binding(SERVER, server)
        .with_mounted_directory("/expected", of.image.directory(STATIC))
        .with_mounted_directory("/borrowed", of.image.directory(VENV))
        .with_env_variable("PROBE_LIBRARIES", "/borrowed")
        .with_env_variable("PROBE_STATIC", "/expected")
        .with_env_variable("PROBE_URL", f"http://{SERVER}:{PORT}")
        .with_(_probe(of, "static_probe.py"))
        .with_exec(["python3", "/probe.py"], redirect_stdout=_FACTS)
    )
    return static.judge(json.loads(await looked.file(_FACTS).contents()))


async def prove_permissions(of: Subject) -> Proof:
    """Ask the kernel about every path of the image, for each user and way of mounting that it must bear."""
    probed = of.image.with_(_probe(of, "permissions_probe.py"))
    listed = probed.with_user("0").with_exec([PYTHON, "/probe.py", "list"], redirect_stdout=_PATHS)
    # An engine may keep what a command said for root alone.
    paths = dag.directory().with_file("paths.json", listed.file(_PATHS), permissions=0o444).file("paths.json")
    empty = dag.directory()
    asked = probed.with_mounted_file("/paths.json", paths).with_env_variable("PROBE_PATHS", "/paths.json")
    volume = asked.with_mounted_directory(MEDIA, empty, owner=OWNER)
    temporary = asked.with_mounted_temp(MEDIA)
    # The seed project's image lets its user write to its code too; everybody else may write nowhere in it.
    owned = (HOME, STATIC, MEDIA)
    user = (UID, UID)
    cases = [
        (Case(name="as the user", user=user, directories=owned, trees=(HOME,)), _look(asked, user)),
        (
            Case(name="with an empty volume", user=user, directories=owned, trees=(HOME,), empty_media=True),
            _look(volume, user),
        ),
        (Case(name="as any user of group 0", user=ARBITRARY, directories=()), _look(asked, ARBITRARY)),
        (
            Case(name="as any user with a volume", user=ARBITRARY, directories=(MEDIA,), empty_media=True),
            _look(temporary, ARBITRARY),
        ),
        (
            Case(name="with a read-only root", user=user, directories=(MEDIA,), empty_media=True),
            await _read_only(of, paths),
        ),
    ]
    seen: dict[str, str] = {}

    async def see(name: str, container: dagger.Container) -> None:
        seen[name] = await container.file(_FACTS).contents()

    async with anyio.create_task_group() as group:
        for case, container in cases:
            group.start_soon(see, case.name, container)
    return permissions.judge([(case, json.loads(seen[case.name])) for case, _ in cases])


async def prove_shutdown(of: Subject) -> Proof:
    """Run the image's command as process 1, with an observer beside it that tells it to stop."""
    ended = (
        of.image.with_(_configured(of, "shutdown"))
        .with_(_probe(of, "shutdown_probe.py"))
        .with_exec([PYTHON, "/probe.py", _FACTS, *await _command(of)], expect=ReturnType.ANY, no_init=True)
    )
    with anyio.fail_after(_SHUTDOWN_SECONDS):
        code = await ended.exit_code()
        return shutdown.judge(await ended.file(_FACTS).contents(), code)


async def prove_layers(of: Subject, known: MutableMapping[str, LayerContents] | None = None) -> Proof:
    """Judge the archive; it is read in a thread, for that takes seconds."""

    def look() -> Proof:
        image = read_image(of.archive)
        return layers.judge(image, read_layers(of.archive, image, {} if known is None else known))

    return await to_thread.run_sync(look)


PROOFS: dict[str, Callable[[Subject], Awaitable[Proof]]] = {
    static.NAME: prove_static,
    permissions.NAME: prove_permissions,
    shutdown.NAME: prove_shutdown,
    layers.NAME: prove_layers,
}


async def _command(of: Subject) -> list[str]:
    return [*(await of.image.entrypoint()), *(await of.image.default_args())]


def _look(container: dagger.Container, user: tuple[int, int]) -> dagger.Container:
    return container.with_user(f"{user[0]}:{user[1]}").with_exec([PYTHON, "/probe.py", "look"], redirect_stdout=_FACTS)


async def _read_only(of: Subject, paths: dagger.File) -> dagger.Container:
    """Mount the image read-only below another root: no container can be asked to have a read-only root itself."""
    image = of.image.rootfs()
    # What is mounted needs something to be mounted on, and nothing can be made in a read-only root later.
    for path in ("dev/shm", "tmp", MEDIA):
        image = image.with_new_directory(path, permissions=0o755)
    container = (
        of.base.with_user("0")
        .with_mounted_directory("/image", image, read_only=True)
        .with_mounted_temp("/image/tmp")
        .with_mounted_temp("/image/dev/shm")
        .with_mounted_temp(f"/image{MEDIA}")
        .with_mounted_file("/paths.json", paths)
        .with_env_variable("PROBE_PATHS", "/paths.json")
    )
    for variable in await of.image.env_variables():
        container = container.with_env_variable(await variable.name(), await variable.value())
    return (
        container.with_(_configured(of, "read-only"))
        .with_(_probe(of, "permissions_probe.py"))
        .with_env_variable("DATABASE_URL", "sqlite:////tmp/db.sqlite3")
        .with_exec(["/usr/bin/python3", "/probe.py", "read-only", OWNER, *await _command(of)], redirect_stdout=_FACTS)
    )


def _configured(of: Subject, name: str) -> Recipe:
    """Set what production insists on; nothing is mended at start, so that what was built is what is seen."""
    key = dag.set_secret(f"proof-key-{of.run}-{name}", secrets.token_urlsafe(64))

    def recipe(container: dagger.Container) -> dagger.Container:
        return (
            container.with_secret_variable("DJANGO_SECRET_KEY", key)
            .with_env_variable("DJANGO_ALLOWED_HOSTS", SERVER)
            .with_env_variable("DJANGO_MIGRATE", "0")
            .with_env_variable("DJANGO_COLLECTSTATIC", "0")
            .with_env_variable("PROBE_RUN", of.run)
        )

    return recipe


def _probe(of: Subject, name: str) -> Recipe:
    def recipe(container: dagger.Container) -> dagger.Container:
        return (
            container.with_mounted_file("/probe.py", dag.host().file(str(_PROBES / name)))
            .with_env_variable("PROBE_HOST", SERVER)
            .with_env_variable("PROBE_HOME", HOME)
            .with_env_variable("PROBE_MEDIA", MEDIA)
            .with_env_variable("PROBE_RUN", of.run)
        )

    return recipe
