"""Which files of the Django project enter which step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagger import dag

if TYPE_CHECKING:
    from pathlib import Path

    import dagger

DEPENDENCY_FILES = ("pyproject.toml", "uv.lock")

# Never part of any step: what tools leave behind, what only one machine knows, what must stay secret.
NEVER = (
    "**/.git",
    "**/.gitignore",
    "**/.github",
    "**/.env",
    "**/.env.*",
    "**/.venv",
    "**/venv",
    "**/node_modules",
    "**/__pycache__",
    "**/*.py[cod]",
    "**/.*_cache",
    "**/*.egg-info",
    "**/.coverage",
    "**/.DS_Store",
    "**/*.sqlite3",
    "**/*.sqlite3-*",
    "staticfiles",
    "media",
)
# Tests are for the check, the lock file for the dependency layer: neither is needed to run.
NOT_IN_IMAGE = ("**/tests", "**/test_*.py", "**/conftest.py", "uv.lock", "Dockerfile*", "docker-compose*.y*ml")


def dependency_files(project: Path) -> dagger.Directory:
    """Select what the Python dependencies follow from, and nothing else: an edit elsewhere leaves them alone."""
    return dag.host().directory(str(project), include=list(DEPENDENCY_FILES))


def code(project: Path) -> dagger.Directory:
    """Select what the image runs."""
    return dag.host().directory(str(project), exclude=[*NEVER, *NOT_IN_IMAGE])


def code_with_tests(project: Path) -> dagger.Directory:
    """Select what the project's own checks look at."""
    return dag.host().directory(str(project), exclude=list(NEVER))
