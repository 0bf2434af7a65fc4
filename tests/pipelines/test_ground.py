"""What a run stands on before any engine is there."""

from __future__ import annotations

from pathlib import Path

from pipelines.ground import make_ground
from pipelines.settings import Settings, from_env

ROOT = Path(__file__).parents[2]


def _settings(project: Path, base: str) -> Settings:
    return from_env({}, project=str(project), output=None, engine="local", base=base)


def test_images_of_a_registry_need_no_bases_of_this_machine() -> None:
    ground = make_ground(_settings(ROOT / "apps" / "api", "image=registry.invalid/python:3.13"), with_postgres=True)
    assert ground.bases == {}


def test_a_project_that_git_does_not_know_has_no_revision_and_a_note_that_says_so(project: Path) -> None:
    ground = make_ground(_settings(project, "image=registry.invalid/python:3.13"), with_postgres=False)
    assert ground.revision is None
    assert ground.notes[0].startswith("git cannot tell the commit of")
    assert ground.project.name
