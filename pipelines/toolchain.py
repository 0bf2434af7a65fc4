"""Recipes for `.with_()`: what a step needs while it runs and the image never gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import dagger
from dagger import dag

from pipelines.debian import EPOCH

if TYPE_CHECKING:
    from pathlib import Path

Recipe: TypeAlias = Callable[[dagger.Container], dagger.Container]

CERTIFICATES = "/run/build/certificates.pem"
VENV = "/opt/venv"


def trusted(certificates: Path | None) -> Recipe:
    """Trust this machine's certificate authorities: behind an inspecting proxy nothing downloads without."""

    def recipe(container: dagger.Container) -> dagger.Container:
        if certificates is None:
            return container
        bundle = dag.host().file(str(certificates))
        return container.with_mounted_file(CERTIFICATES, bundle).with_env_variable("SSL_CERT_FILE", CERTIFICATES)

    return recipe


def uv(binary: Path) -> Recipe:
    """Offer uv, set to install into the image's environment with the base's own Python."""

    def recipe(container: dagger.Container) -> dagger.Container:
        container = container.with_mounted_file("/usr/local/bin/uv", dag.host().file(str(binary)))
        container = container.with_mounted_cache("/root/.cache/uv", dag.cache_volume("django-image-uv"))
        for name, value in {
            "UV_PROJECT_ENVIRONMENT": VENV,
            "UV_PYTHON": "3.13",
            "UV_PYTHON_PREFERENCE": "only-system",
            "UV_PYTHON_DOWNLOADS": "never",
            # Links into the cache would end with this step.
            "UV_LINK_MODE": "copy",
            "UV_NO_PROGRESS": "1",
            "PYTHONHASHSEED": "0",
            "SOURCE_DATE_EPOCH": str(EPOCH),
        }.items():
            container = container.with_env_variable(name, value)
        return container

    return recipe
