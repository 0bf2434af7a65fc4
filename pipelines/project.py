"""What the Django project says about itself."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


PYTHON = "/opt/venv/bin/python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A Django project that an image can be built from."""

    name: str
    version: str
    source: str
    """Where its source is published, or nothing."""
    settings_module: str
    test_settings_module: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    healthcheck: tuple[str, ...]
    after_collectstatic: tuple[str, ...]
    """What records the collected files for the start; empty where nothing does."""


def read_project(path: Path) -> Project:
    """Read the project in `path`; one sentence for each thing that a build needs and does not find."""
    _require(path, "manage.py", "is not a Django project", "name its directory with --project")
    _require(path, "pyproject.toml", "does not say what it depends on", "add one with [project] and dependencies")
    _require(path, "uv.lock", "has no locked dependencies", "run `uv lock` there")
    try:
        document = tomllib.loads((path / "pyproject.toml").read_text())
    except tomllib.TOMLDecodeError as error:
        raise PipelineError(f"{path / 'pyproject.toml'} is not valid TOML: {error}") from error
    table = document.get("project", {})
    own = document.get("tool", {}).get("django-image", {})
    return Project(
        name=table.get("name", path.name),
        version=table.get("version", "0"),
        source=_source(table.get("urls", {})),
        settings_module=own.get("settings", "config.settings.production"),
        test_settings_module=own.get("test-settings", "config.settings.test"),
        entrypoint=tuple(own.get("entrypoint", (PYTHON, "-m", "startup"))),
        command=tuple(own.get("command", ("web",))),
        healthcheck=tuple(own.get("healthcheck", (PYTHON, "-m", "startup", "health"))),
        after_collectstatic=tuple(own.get("after-collectstatic", (PYTHON, "-m", "startup", "stamp"))),
    )


def _require(path: Path, name: str, trouble: str, hint: str) -> None:
    if not (path / name).is_file():
        raise PipelineError(f"{path} {trouble}: there is no {name}", hint=hint)


def _source(urls: Mapping[str, Any]) -> str:
    # The well-known labels of the packaging guide, compared as it says: without case and punctuation.
    known = {re.sub(r"[\W_]", "", label).lower(): str(url) for label, url in urls.items()}
    return next((known[label] for label in ("source", "repository", "sourcecode", "github") if label in known), "")
