"""What a project says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines.errors import PipelineError
from pipelines.project import read_project
from pipelines.settings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


def project(path: Path, document: str = '[project]\nname = "shop"\nversion = "1.2"\n') -> Path:
    (path / "manage.py").touch()
    (path / "uv.lock").touch()
    (path / "pyproject.toml").write_text(document)
    return path


def test_name_and_version_come_from_the_project_table(tmp_path: Path) -> None:
    found = read_project(project(tmp_path))
    assert (found.name, found.version, found.source) == ("shop", "1.2", "")


@pytest.mark.parametrize("label", ["Source", "source-code", "Repository", "GitHub"])
def test_the_source_is_found_under_each_well_known_label(tmp_path: Path, label: str) -> None:
    found = read_project(project(tmp_path, f'[project.urls]\nHomepage = "a"\n"{label}" = "b"\n'))
    assert found.source == "b"


def test_the_project_may_name_its_own_settings_and_commands(tmp_path: Path) -> None:
    document = '[tool.django-image]\nsettings = "shop.settings"\nentrypoint = ["gunicorn"]\nafter-collectstatic = []\n'
    found = read_project(project(tmp_path, document))
    assert (found.settings_module, found.entrypoint, found.after_collectstatic) == ("shop.settings", ("gunicorn",), ())


def test_the_api_of_this_repository_is_a_project() -> None:
    assert read_project(REPOSITORY / "apps" / "api").settings_module == "config.settings.production"


@pytest.mark.parametrize(
    ("missing", "trouble"),
    [
        ("manage.py", "is not a Django project: there is no manage.py"),
        ("pyproject.toml", "does not say what it depends on: there is no pyproject.toml"),
        ("uv.lock", "has no locked dependencies: there is no uv.lock"),
    ],
)
def test_each_file_that_a_build_needs_is_missed_in_one_sentence(tmp_path: Path, missing: str, trouble: str) -> None:
    (project(tmp_path) / missing).unlink()
    with pytest.raises(PipelineError, match=trouble) as caught:
        read_project(tmp_path)
    assert caught.value.hint


def test_broken_toml_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"pyproject\.toml is not valid TOML"):
        read_project(project(tmp_path, "[project"))
