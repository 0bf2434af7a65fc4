"""Production settings, loaded as the image loads them: in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = Path(__file__).resolve().parents[2]
COMPLETE = {"DJANGO_SECRET_KEY": "0123456789abcdefghij" * 3, "DJANGO_ALLOWED_HOSTS": "emr.example.org"}
SHOW = (
    "import json; from django.conf import settings as s; print(json.dumps([s.DEBUG, s.SECURE_SSL_REDIRECT,"
    "s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS, s.ALLOWED_HOSTS,"
    "s.STORAGES['staticfiles']['BACKEND'], str(s.STATIC_ROOT), str(s.MEDIA_ROOT)]))"
)


def python(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=CODE, env=environ, capture_output=True, text=True, check=False
    )


def production(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return python(*arguments, DJANGO_SETTINGS_MODULE="config.settings.production", **environ)


def test_production_is_safe_by_default():
    assert json.loads(production("-c", SHOW, **COMPLETE).stdout) == [
        False,
        True,
        True,
        True,
        31536000,
        ["emr.example.org"],
        "whitenoise.storage.CompressedManifestStaticFilesStorage",
        str(CODE / "staticfiles"),
        str(CODE / "media"),
    ]


def test_production_passes_djangos_deployment_checks():
    done = production("manage.py", "check", "--deploy", "--fail-level", "WARNING", **COMPLETE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("command", [("manage.py", "collectstatic", "--noinput"), ("-m", "startup")])
def test_a_missing_setting_is_one_line_that_names_it(name, command):
    done = production(*command, **{key: value for key, value in COMPLETE.items() if key != name})
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert f"{name} is not set" in done.stderr


def test_the_ssl_redirect_can_be_switched_off():
    assert json.loads(production("-c", SHOW, **COMPLETE, DJANGO_SECURE_SSL_REDIRECT="0").stdout)[1] is False


def test_nothing_chosen_means_production():
    assert "DJANGO_SECRET_KEY is not set" in python("manage.py", "check").stderr


@pytest.mark.parametrize(
    ("path", "redirected"),
    [("api/health/", False), ("static/admin/css/base.css", False), ("admin/login/", True), ("api/patients/", True)],
)
def test_only_health_and_static_files_answer_over_plain_http(path, redirected):
    show = (
        "import re; from django.conf import settings as s;"
        f"print(not any(re.search(pattern, '{path}') for pattern in s.SECURE_REDIRECT_EXEMPT))"
    )
    assert production("-c", show, **COMPLETE).stdout.strip() == str(redirected)
