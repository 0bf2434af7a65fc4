"""The verdicts of the smoke test: right facts pass, and each wrong one fails with what was expected and what came."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.smoke import judge_listing, judge_start, judge_visit, start_order
from tests.pipelines.running import pipelines

if TYPE_CHECKING:
    from pathlib import Path

LISTING = """\
total 8
drwxr-xr-x 1 django django 4096 Jan  1 00:00 .
drwxr-xr-x 1 root   root   4096 Jan  1 00:00 ..
drwxr-xr-x 2 django django 4096 Jan  1 00:00 media
drwxr-xr-x 2 django django 4096 Jan  1 00:00 staticfiles
"""
LINES = [
    "Operations to perform:",
    "  Apply all migrations: admin",
    "static files: 167 files as built, nothing to copy",
    "superuser: 'smoke' created",
    "[INFO] Listening at: http://0.0.0.0:8000 (1)",
]
UPLOAD = {"path": "documents/1/A.txt", "owner": "django", "group": "django", "mode": "-rw-r-----", "intact": True}
START: dict[str, Any] = {
    "health": 200,
    "processes": [{"pid": 1, "uid": 1000, "command": "gunicorn"}, {"pid": 2, "uid": 1000, "command": "gunicorn"}],
    "upload": UPLOAD,
    "exit_code": 0,
    "lines": LINES,
}
VISIT: dict[str, Any] = {
    "health": {"status": 200, "body": "{}"},
    "asset": {"path": "/static/a.css", "status": 200, "sha256": "1", "expected": "1"},
    "hashed": {
        "path": "/static/a.0123.css",
        "status": 200,
        "sha256": "1",
        "expected": "1",
        "caching": "max-age=315360000, public, immutable",
    },
    "unknown": {"status": 404},
    "login": {"status": 200, "body": '<input name="csrfmiddlewaretoken">'},
    "upload": UPLOAD,
}


def changed(facts: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    result = copy.deepcopy(facts)
    *parents, last = path.split(".")
    target = result
    for name in parents:
        target = target[name]
    target[last] = value
    return result


def test_right_facts_pass() -> None:
    for outcomes in (judge_listing(LISTING), judge_start(START), judge_visit(VISIT)):
        assert [outcome for outcome in outcomes if not outcome.ok] == []


@pytest.mark.parametrize(
    ("right", "wrong", "came"),
    [
        ("drwxr-xr-x 2 django django 4096 Jan  1 00:00 media", "", "came []"),
        ("2 django django 4096 Jan  1 00:00 media", "2 root root 4096 Jan  1 00:00 media", "'root', 'root'"),
        (
            "drwxr-xr-x 2 django django 4096 Jan  1 00:00 static",
            "drwx------ 2 django django 4096 Jan  1 00:00 static",
            "drwx------",
        ),
    ],
)
def test_a_missing_foreign_or_closed_directory_fails(right: str, wrong: str, came: str) -> None:
    (failed,) = [outcome for outcome in judge_listing(LISTING.replace(right, wrong)) if not outcome.ok]
    assert came in failed.detail


@pytest.mark.parametrize(
    ("path", "value", "step"),
    [
        ("health", "no answer", "healthy server"),
        ("processes", [{"pid": 1, "uid": 0, "command": "gunicorn"}], "uid 1000"),
        ("processes", [], "uid 1000"),
        ("upload.owner", "root", "upload"),
        ("upload", {"error": "POST /api/documents/ was answered 500"}, "upload"),
        ("exit_code", 1, "SIGTERM"),
        ("lines", [LINES[2], LINES[0], *LINES[3:]], "in order"),
        ("lines", LINES[:-1], "in order"),
    ],
)
def test_each_wrong_fact_of_the_start_fails_its_own_step(path: str, value: object, step: str) -> None:
    (failed,) = [outcome for outcome in judge_start(changed(START, path, value)) if not outcome.ok]
    assert step in failed.step
    assert "expected " in failed.detail


def test_a_start_that_fails_shows_its_last_words() -> None:
    dead = {"health": "the command ended with exit code 78", "processes": [], "exit_code": 78, "lines": ["a", "b"]}
    assert "its last words: a | b" in judge_start(dead)[0].detail


@pytest.mark.parametrize(
    ("path", "value", "step"),
    [
        ("health.status", 503, "/api/health/"),
        ("asset.status", 404, "/static/a.css answers 200"),
        ("asset.sha256", "2", "/static/a.css has the bytes"),
        ("hashed.status", 404, "/static/a.0123.css answers 200"),
        ("hashed.sha256", "2", "/static/a.0123.css has the bytes"),
        ("hashed.caching", "max-age=60, public", "kept for ever"),
        ("hashed.caching", "max-age=60, immutable", "kept for ever"),
        ("unknown.status", 200, "unknown hashed name"),
        ("login.status", 500, "login page answers"),
        ("login.body", "<html>", "form"),
        ("upload.intact", False, "upload"),
    ],
)
def test_each_wrong_fact_of_the_visit_fails_its_own_step(path: str, value: object, step: str) -> None:
    (failed,) = [outcome for outcome in judge_visit(changed(VISIT, path, value)) if not outcome.ok]
    assert step in failed.step


@pytest.mark.root
@pytest.mark.network
@pytest.mark.slow
def test_a_server_that_hands_out_no_static_files_fails_where_they_are_looked_at(project: Path, tmp_path: Path) -> None:
    settings = project / "config" / "settings" / "production.py"
    settings.write_text(settings.read_text() + '\nMIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")\n')
    run = pipelines("smoke", "--json", "--project", str(project), "--output", str(tmp_path / "x.tar"))
    assert run.code == 1, run.errors
    failed = [outcome["step"] for outcome in json.loads(run.output)["outcomes"] if not outcome["ok"]]
    assert failed
    assert all(step.startswith("/static/admin/css/base.") for step in failed)


def test_the_order_is_that_of_the_first_word_of_each_step() -> None:
    assert start_order([*LINES, "static files: again"]) == ["migrate", "collectstatic", "ensure_superuser", "gunicorn"]
    assert start_order([]) == []
