"""What one run of the pipelines was asked for."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).resolve().parent.parent
ENGINES = ("local", "dagger")
PYTHON_IMAGE = "python:3.13-slim-trixie"
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The answers to every question that a pipeline may ask about its surroundings."""

    project: Path
    archive: Path
    engine: str
    """`local`, `dagger`, or `session` where one is open already."""
    base_image: str | None
    """A registry reference to start from; None for the base made of Debian packages."""
    cache: Path
    uv: Path
    certificates: Path | None
    """Certificate authorities of this machine, for steps that download; never in the image."""

    @property
    def bases(self) -> Path:
        """Where bases are kept."""
        return self.cache / "bases"

    @property
    def report(self) -> Path:
        """Where the report of the last build is."""
        return self.archive.parent / "report.json"


def from_env(
    environ: Mapping[str, str], *, project: str | None, output: str | None, engine: str | None, base: str | None
) -> Settings:
    """Combine what the command line says with the environment; the command line wins."""
    name = _engine(environ, engine)
    return Settings(
        project=Path(project or REPOSITORY / "apps" / "api").absolute(),
        archive=Path(output or REPOSITORY / "dist" / "api.oci.tar").absolute(),
        engine=name,
        base_image=_base(base or environ.get("BASE") or ("image" if name == "dagger" else "debian")),
        cache=Path(environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME", "/")) / ".cache") / "django-image",
        uv=Path(sysconfig.get_path("scripts")) / "uv",
        certificates=_certificates(environ),
    )


def _engine(environ: Mapping[str, str], asked: str | None) -> str:
    if environ.get("DAGGER_SESSION_PORT"):
        return "session"
    name = asked or environ.get("ENGINE") or ("local" if platform.system() == "Linux" else "dagger")
    if name not in ENGINES:
        raise PipelineError(f"ENGINE is {name!r}, but there are only {' and '.join(ENGINES)}", exit_code=2)
    return name


def _base(choice: str) -> str | None:
    if choice == "debian":
        return None
    if choice == "image":
        return PYTHON_IMAGE
    kind, _, reference = choice.partition("=")
    if kind != "image" or not reference:
        raise PipelineError(
            f"the base is {choice!r}: write debian, image, or image= and a registry reference", exit_code=2
        )
    return reference


def _certificates(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("SSL_CERT_FILE")
    if named:
        path = Path(named)
        if not path.is_file():
            raise PipelineError(f"SSL_CERT_FILE names {named}, which is not a file", hint="unset it or correct it")
        return path.resolve()
    return SYSTEM_CERTIFICATES.resolve() if SYSTEM_CERTIFICATES.is_file() else None


def engine_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make the Dagger SDK start the engine that was chosen."""
    if settings.engine != "local" or environ.get("_EXPERIMENTAL_DAGGER_CLI_BIN"):
        return {}
    return {
        "_EXPERIMENTAL_DAGGER_CLI_BIN": os.fspath(REPOSITORY / "bin" / "dagger-local"),
        "DJANGO_IMAGE_PYTHON": sys.executable,
    }
