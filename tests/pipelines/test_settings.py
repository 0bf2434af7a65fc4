"""Settings from the command line and the environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pipelines.errors import PipelineError
from pipelines.settings import REPOSITORY, Settings, engine_environment, from_env

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def settings(environ: Mapping[str, str], **asked: str) -> Settings:
    return from_env(environ, **({"project": None, "output": None, "engine": None, "base": None} | asked))


def test_without_a_word_the_embedded_engine_builds_apps_api_on_debian_packages() -> None:
    found = settings({"HOME": "/home/a"})
    assert (found.engine, found.base_image) == ("local", None)
    assert found.project == REPOSITORY / "apps" / "api"
    assert found.archive == REPOSITORY / "dist" / "api.oci.tar"
    assert str(found.bases) == "/home/a/.cache/django-image/bases"


def test_an_open_session_wins_over_every_choice_of_an_engine() -> None:
    assert settings({"DAGGER_SESSION_PORT": "1234", "ENGINE": "dagger"}, engine="local").engine == "session"


def test_the_command_line_wins_over_the_environment() -> None:
    assert settings({"ENGINE": "dagger"}, engine="local").engine == "local"
    assert settings({"BASE": "image=a"}, base="image=b").base_image == "b"


def test_dagger_starts_from_an_image_of_a_registry_unless_told_otherwise() -> None:
    assert settings({"ENGINE": "dagger"}).base_image == "python:3.13-slim-trixie"
    assert settings({"ENGINE": "dagger", "BASE": "debian"}).base_image is None


def test_an_unknown_engine_is_one_clear_sentence() -> None:
    with pytest.raises(PipelineError, match="ENGINE is 'podman', but there are only local and dagger") as caught:
        settings({"ENGINE": "podman"})
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("base", ["alpine", "image=", "debian=x"])
def test_a_base_that_is_neither_debian_nor_a_reference_is_refused(base: str) -> None:
    with pytest.raises(PipelineError, match="write debian, image, or image= and a registry reference"):
        settings({}, base=base)


def test_certificates_that_are_named_but_missing_are_refused() -> None:
    with pytest.raises(PipelineError, match=r"SSL_CERT_FILE names /nowhere\.pem, which is not a file"):
        settings({"SSL_CERT_FILE": "/nowhere.pem"})


def test_the_named_certificates_are_followed_to_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "real.pem").write_text("x")
    (tmp_path / "link.pem").symlink_to("real.pem")
    assert settings({"SSL_CERT_FILE": str(tmp_path / "link.pem")}).certificates == tmp_path / "real.pem"


def test_only_the_embedded_engine_needs_variables_and_a_chosen_program_stays_chosen() -> None:
    local = settings({})
    variables = engine_environment(local, {})
    assert variables["_EXPERIMENTAL_DAGGER_CLI_BIN"] == str(REPOSITORY / "bin" / "dagger-local")
    assert variables["DJANGO_IMAGE_PYTHON"] == sys.executable
    assert engine_environment(local, {"_EXPERIMENTAL_DAGGER_CLI_BIN": "/mine"}) == {}
    assert engine_environment(settings({"ENGINE": "dagger"}), {}) == {}
    assert engine_environment(settings({"DAGGER_SESSION_PORT": "1"}), {}) == {}


def test_uv_is_the_one_that_is_locked() -> None:
    assert settings({}).uv.is_file()
