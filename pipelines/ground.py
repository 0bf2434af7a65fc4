"""What a run stands on before any engine is there: the project, its commit, the bases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.debian import base_archive
from pipelines.project import read_project
from pipelines.recipes import POSTGRES, PYTHON
from pipelines.revision import NoRevisionError, read_revision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.debian import BaseArchive, Recipe
    from pipelines.project import Project
    from pipelines.revision import Revision
    from pipelines.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Facts and files of this machine."""

    project: Project
    revision: Revision | None
    notes: Sequence[str]
    """What the user should know, such as why there is no revision."""
    bases: Mapping[Recipe, BaseArchive]
    """None where the run starts from images of a registry."""


def make_ground(settings: Settings, *, with_postgres: bool) -> Ground:
    """Read the project, and make the bases that are missing. Blocking, for minutes when a base is made."""
    project = read_project(settings.project)
    revision, notes = _revision(settings)
    return Ground(project=project, revision=revision, notes=notes, bases=_bases(settings, with_postgres=with_postgres))


def _revision(settings: Settings) -> tuple[Revision | None, list[str]]:
    try:
        return read_revision(settings.project), []
    except NoRevisionError as error:
        return None, [str(error)]


def _bases(settings: Settings, *, with_postgres: bool) -> dict[Recipe, BaseArchive]:
    """Make the bases that the run needs: one after the other, for they share the network."""
    if settings.base_image:
        return {}
    wanted = [PYTHON, POSTGRES] if with_postgres else [PYTHON]
    return {recipe: base_archive(recipe, settings.bases) for recipe in wanted}
