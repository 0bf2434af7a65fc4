"""Run the built image as it will be run, with a real PostgreSQL, and compare what is seen with what must be."""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import dagger
from dagger import dag

from pipelines.build import MEDIA, PORT, STATIC
from pipelines.database import ALIAS, database
from pipelines.failures import explain
from pipelines.outcome import Outcome
from pipelines.recipes import HOME, OWNER, UID, USER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipelines.toolchain import Recipe

SERVER = "api"
PROBE = Path(__file__).with_name("probe.py")

# What the start says, in the order in which it must say it.
START_ORDER = (
    ("migrate", re.compile(r"^Running migrations:|^Operations to perform:")),
    ("collectstatic", re.compile(r"^static files:|static files? copied")),
    ("ensure_superuser", re.compile(r"^superuser:")),
    ("gunicorn", re.compile(r"Listening at: http://0\.0\.0\.0:8000")),
)
_OK = 200
_NOT_FOUND = 404
_YEAR = 31_536_000
_FORM = 'name="csrfmiddlewaretoken"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the image is run with: passwords that live as long as the run."""

    image: dagger.Container
    base: dagger.Container
    postgres: dagger.Container
    command: tuple[str, ...]
    run: str
    """Unlike any other run's: without it a look at a server would be answered from what was seen before."""


def surroundings(
    image: dagger.Container, *, base: dagger.Container, postgres: dagger.Container, command: tuple[str, ...]
) -> Surroundings:
    """Describe a run of its own."""
    return Surroundings(image=image, base=base, postgres=postgres, command=command, run=secrets.token_hex(8))


async def smoke(around: Surroundings) -> list[Outcome]:
    """Run every smoke test; one outcome for each thing that was looked at."""
    outcomes: dict[str, list[Outcome]] = {}

    async def look(name: str, container: dagger.Container, judge: Callable[[str], list[Outcome]]) -> None:
        started = time.monotonic()
        try:
            found = judge(await container.stdout())
        except dagger.ExecError as error:
            # What could not even be looked at has failed; the other looks go on.
            found = [Outcome(step=name, ok=False, detail=str(explain(error)))]
        outcomes[name] = [replace(outcome, seconds=time.monotonic() - started) for outcome in found]

    async with anyio.create_task_group() as group:
        group.start_soon(look, "listing", around.image.with_exec(["ls", "-la", HOME]), judge_listing)
        group.start_soon(look, "start", start_probe(around), lambda seen: judge_start(json.loads(seen)))
        group.start_soon(look, "visit", visit_probe(around), lambda seen: judge_visit(json.loads(seen)))
    return [outcome for name in ("listing", "start", "visit") for outcome in outcomes[name]]


def start_probe(around: Surroundings) -> dagger.Container:
    """Run the image's own entrypoint inside the image, as its own user, and look at it from there."""
    return (
        around.image.with_(_configured(around, "inside"))
        .with_(_probe(around, f"http://127.0.0.1:{PORT}", MEDIA))
        .with_exec(["python", "/probe.py", "start", *around.command])
    )


def visit_probe(around: Surroundings) -> dagger.Container:
    """Run the image as a service beside its database, and look at both from a third container."""
    media = dag.cache_volume("django-image-smoke-media")
    server = (
        around.image.with_(_configured(around, "outside"))
        .with_mounted_cache(MEDIA, media, owner=OWNER)
        .with_exposed_port(PORT)
        .as_service(use_entrypoint=True)
    )
    return (
        around.base.with_service_binding(SERVER, server)
        .with_mounted_directory("/expected", around.image.directory(STATIC))
        .with_mounted_cache("/media", media, owner=OWNER)
        .with_env_variable("PROBE_STATIC", "/expected")
        .with_(_probe(around, f"http://{SERVER}:{PORT}", "/media"))
        .with_exec(["python3", "/probe.py", "visit"])
    )


def _configured(around: Surroundings, name: str) -> Recipe:
    """Set what production needs to run, as an operator would, with a database of its own."""
    data = database(around.postgres, name=name, password=f"{around.run}-{name}")

    def recipe(container: dagger.Container) -> dagger.Container:
        return (
            container.with_service_binding(ALIAS, data.service)
            .with_secret_variable("DATABASE_URL", data.url)
            .with_secret_variable("DJANGO_SECRET_KEY", dag.set_secret(f"smoke-key-{name}", secrets.token_urlsafe(64)))
            .with_secret_variable("DJANGO_SUPERUSER_PASSWORD", _password(around))
            .with_env_variable("DJANGO_SUPERUSER_USERNAME", "smoke")
            .with_env_variable("DJANGO_SUPERUSER_EMAIL", "smoke@example.invalid")
            .with_env_variable("DJANGO_ALLOWED_HOSTS", SERVER)
        )

    return recipe


def _password(around: Surroundings) -> dagger.Secret:
    return dag.set_secret("smoke-superuser", f"superuser-{around.run}")


def _probe(around: Surroundings, url: str, media: str) -> Recipe:
    def recipe(container: dagger.Container) -> dagger.Container:
        return (
            container.with_mounted_file("/probe.py", dag.host().file(str(PROBE)))
            .with_secret_variable("PROBE_PASSWORD", _password(around))
            .with_env_variable("PROBE_USER", "smoke")
            .with_env_variable("PROBE_URL", url)
            .with_env_variable("PROBE_HOST", SERVER)
            .with_env_variable("PROBE_MEDIA", media)
            .with_env_variable("PROBE_RUN", around.run)
        )

    return recipe


def judge_listing(listing: str) -> list[Outcome]:
    """Judge `ls -la /app`: what must be writable is there, and whose it is."""
    return [
        _compare(
            f"{HOME}/{name} is drwxr-xr-x {USER} {USER}",
            ["drwxr-xr-x", USER, USER],
            next(
                ([*line.split()[:1], *line.split()[2:4]] for line in listing.splitlines() if line.endswith(f" {name}")),
                [],
            ),
        )
        for name in ("staticfiles", "media")
    ]


def judge_start(facts: Mapping[str, Any]) -> list[Outcome]:
    """Judge the start as it was seen from inside: order, user, upload, end."""
    lines: Sequence[str] = facts.get("lines", [])
    said = f"; its last words: {' | '.join(lines[-5:])}" if facts["health"] != _OK else ""
    users = sorted({process["uid"] for process in facts["processes"]})
    return [
        _compare("the entrypoint starts a healthy server", _OK, facts["health"], said),
        _compare("the start does its steps in order", [name for name, _ in START_ORDER], start_order(lines)),
        _compare(f"every process of the server runs as uid {UID}", [UID], users),
        *_judge_upload("an upload is stored in the image's own directory", facts.get("upload", {})),
        _compare("the server ends on SIGTERM with exit code 0", 0, facts["exit_code"]),
    ]


def start_order(lines: Sequence[str]) -> list[str]:
    """Return the steps in the order in which the start first spoke of them."""
    first = {
        name: position
        for name, pattern in START_ORDER
        if (position := next((at for at, line in enumerate(lines) if pattern.search(line)), None)) is not None
    }
    return sorted(first, key=lambda name: first[name])


def judge_visit(facts: Mapping[str, Any]) -> list[Outcome]:
    """Judge what another container got from the server."""
    asset, hashed, login = facts["asset"], facts["hashed"], facts["login"]
    return [
        _compare("/api/health/ answers 200", _OK, facts["health"]["status"], f": {facts['health']['body'][:200]}"),
        _compare(f"{asset['path']} answers 200", _OK, asset["status"]),
        _compare(f"{asset['path']} has the bytes of the image's file", asset["expected"], asset.get("sha256")),
        _compare(f"{hashed['path']} answers 200", _OK, hashed["status"]),
        _compare(f"{hashed['path']} has the bytes of the image's file", hashed["expected"], hashed.get("sha256")),
        _compare(f"{hashed['path']} may be kept for ever", "immutable for a year", _caching(hashed["caching"])),
        _compare("an unknown hashed name answers 404", _NOT_FOUND, facts["unknown"]["status"]),
        _compare("the admin's login page answers 200", _OK, login["status"]),
        _compare("the admin's login page has its form", [_FORM], re.findall(_FORM, login["body"])),
        *_judge_upload("an upload over the network is stored in the volume", facts["upload"]),
    ]


def _caching(header: str) -> str:
    """Put a Cache-Control header in words where it says what a hashed name may say."""
    age = re.search(r"max-age=(\d+)", header)
    return "immutable for a year" if "immutable" in header and age and int(age[1]) >= _YEAR else header


def _judge_upload(step: str, seen: Mapping[str, Any]) -> list[Outcome]:
    expected = {"owner": USER, "group": USER, "intact": True}
    came = {name: seen.get(name) for name in expected}
    return [_compare(step, expected, came, f": {seen['error']}" if "error" in seen else "")]


def _compare(step: str, expected: object, came: object, more: str = "") -> Outcome:
    ok = expected == came
    return Outcome(step=step, ok=ok, detail="" if ok else f"expected {expected!r}, came {came!r}{more}")
