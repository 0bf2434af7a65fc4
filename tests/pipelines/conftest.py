"""A Django project that a test may change."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from pipelines.settings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

LEFT_BEHIND = shutil.ignore_patterns(".venv", "__pycache__", "staticfiles", "media", ".*_cache", "db.sqlite3*")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the API that a test may change."""
    target = tmp_path / "project"
    shutil.copytree(REPOSITORY / "apps" / "api", target, ignore=LEFT_BEHIND)
    return target
