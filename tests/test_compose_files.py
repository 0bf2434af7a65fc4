"""The two Compose files, read as Compose reads them: what is kept, what is open, what happens after a failure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines import images
from pipelines.project import read_project

REPOSITORY = Path(__file__).resolve().parent.parent
API = REPOSITORY / "apps" / "api"
FILES = ["docker-compose.yml", "docker-compose.dev.yml"]


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / name).read_text())


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return read("docker-compose.yml")["services"]


@pytest.fixture(scope="module")
def development() -> dict[str, Any]:
    return read("docker-compose.dev.yml")["services"]["api"]


@pytest.mark.parametrize("name", FILES)
def test_both_generations_of_compose_read_the_file(name: str) -> None:
    # `version` makes the newer one warn; `name` makes the older one refuse.
    assert read(name).keys() <= {"services", "volumes"}


@pytest.mark.parametrize("name", FILES)
def test_no_variable_has_to_be_set_for_a_command_like_down(name: str) -> None:
    assert [word for word in re.findall(r"\$\{[^}]*\}", (REPOSITORY / name).read_text()) if ":-" not in word] == []


def test_a_failing_service_is_tried_a_few_times_and_never_for_ever(services: dict[str, Any]) -> None:
    assert {name: service["restart"] for name, service in services.items()} == {
        "api": "on-failure:5",
        "database": "on-failure:5",
    }


def test_the_api_starts_once_the_database_is_healthy(services: dict[str, Any]) -> None:
    assert services["api"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    # PostgreSQL's image prepares a new database with a server that listens on a socket alone, and says it is ready.
    assert services["database"]["healthcheck"]["test"][:3] == ["CMD", "pg_isready", "--host=127.0.0.1"]


def test_health_is_asked_for_as_the_image_does(services: dict[str, Any]) -> None:
    check = services["api"]["healthcheck"]
    assert check["test"] == ["CMD", *read_project(API).healthcheck]
    told = re.search(r"with_docker_healthcheck\(\s*[^)]*\),(.*)\n", (REPOSITORY / "pipelines" / "build.py").read_text())
    assert told
    assert {key: str(check[key]) for key in ("interval", "timeout", "start_period", "retries")} == dict(
        re.findall(r'(\w+)="?(\w+)"?', told[1]),
    )


def test_media_and_records_are_kept_and_static_files_are_not(services: dict[str, Any]) -> None:
    assert services["api"]["volumes"] == ["media:/app/media"]
    assert services["database"]["volumes"] == ["database:/var/lib/postgresql/data"]
    assert read("docker-compose.yml")["volumes"].keys() == {"database", "media"}


def test_the_database_is_the_one_that_the_pipelines_test_with(services: dict[str, Any]) -> None:
    assert services["database"]["image"] == f"${{POSTGRES_IMAGE:-{images.POSTGRES_IMAGE}}}"


def test_only_the_api_is_open_and_to_this_machine_alone(services: dict[str, Any]) -> None:
    assert services["api"]["ports"] == ["127.0.0.1:8000:8000"]
    assert "ports" not in services["database"]


def test_plain_http_on_that_port_is_answered_and_not_sent_away(services: dict[str, Any]) -> None:
    assert services["api"]["environment"]["DJANGO_SECURE_SSL_REDIRECT"] == "${DJANGO_SECURE_SSL_REDIRECT:-0}"


def test_every_variable_is_one_that_the_api_reads(services: dict[str, Any], development: dict[str, Any]) -> None:
    code = "".join(
        path.read_text() for part in ("config", "startup", "accounts") for path in (API / part).rglob("*.py")
    )
    names = services["api"]["environment"].keys() | development["environment"].keys()
    assert {name for name in names if name not in code} == set()


def test_development_mounts_the_code_and_keeps_everything_else(development: dict[str, Any]) -> None:
    assert read("docker-compose.dev.yml").keys() == {"services"}
    assert development["volumes"] == ["./apps/api:/app"]
    assert development.keys() == {"entrypoint", "command", "environment", "volumes"}


def test_development_says_that_the_mount_masks_the_static_files(development: dict[str, Any]) -> None:
    assert re.search(r'^echo "static files: .* mounted over ', development["command"][2], re.MULTILINE)


def test_development_prepares_and_then_becomes_a_server_that_reloads(development: dict[str, Any]) -> None:
    # `exec`: the server is process 1 and hears a stop.
    *_, last = development["command"][2].strip().splitlines()
    assert last == "exec python manage.py runserver 0.0.0.0:8000"


def test_another_command_can_be_run_in_development(development: dict[str, Any]) -> None:
    # An entry point with a shell's -c would take the first word for the whole command.
    assert development["entrypoint"] == ["/usr/bin/env"]
    assert development["command"][:2] == ["sh", "-ec"]
