"""The commit of a source tree, read from real checkouts."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pipelines.revision import NoRevisionError, read_revision

if TYPE_CHECKING:
    from pathlib import Path


def git(tree: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", "-C", tree, *identity, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
    git(tmp_path, "init", "-q")
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "a.py").write_text("1")
    (tmp_path / "other").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_a_clean_checkout_is_its_commit_at_the_commits_time(checkout: Path) -> None:
    found = read_revision(checkout / "api")
    assert found.commit == found.label == git(checkout, "rev-parse", "HEAD").strip()
    assert found.created == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize("name", ["a.py", "new.py"])
def test_a_changed_or_new_file_makes_the_label_say_so(checkout: Path, name: str) -> None:
    (checkout / "api" / name).write_text("2")
    assert read_revision(checkout / "api").label.endswith("-dirty")


def test_changes_outside_the_project_do_not_count(checkout: Path) -> None:
    (checkout / "other").write_text("2")
    assert not read_revision(checkout / "api").dirty


def test_a_tree_that_is_no_checkout_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoRevisionError, match=r"git cannot tell the commit of .*not a git repository"):
        read_revision(tmp_path)


def test_a_repository_without_a_commit_is_told_too(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(NoRevisionError, match="git cannot tell the commit"):
        read_revision(tmp_path)


def test_a_machine_without_git_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoRevisionError, match="git is not installed"):
        read_revision(tmp_path)
