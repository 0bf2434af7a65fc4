from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import User

pytestmark = pytest.mark.django_db


def run() -> str:
    out = StringIO()
    call_command("ensure_superuser", stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for key in ("USERNAME", "EMAIL", "PASSWORD"):
        monkeypatch.delenv(f"DJANGO_SUPERUSER_{key}", raising=False)
    return lambda **values: [monkeypatch.setenv(f"DJANGO_SUPERUSER_{key}", value) for key, value in values.items()]


def test_without_configuration_one_line_says_that_nothing_was_done():
    assert run() == (
        "superuser: not configured (DJANGO_SUPERUSER_USERNAME and DJANGO_SUPERUSER_PASSWORD not set), nothing done\n"
    )
    assert not User.objects.exists()


def test_half_a_configuration_names_what_is_missing(environment):
    environment(USERNAME="root")
    assert "DJANGO_SUPERUSER_PASSWORD not set" in run()
    assert not User.objects.exists()


def test_running_twice_makes_one_superuser(environment):
    environment(USERNAME="root", EMAIL="root@example.org", PASSWORD="correct-horse-battery")
    assert run() == "superuser: 'root' created\n"
    assert run() == "superuser: 'root' is there already, left as it is\n"
    assert User.objects.get(is_superuser=True, is_staff=True).email == "root@example.org"


def test_a_weak_password_is_said(environment):
    environment(USERNAME="root", PASSWORD="admin")
    assert "change the password" in run()


def test_the_password_is_never_printed(environment):
    environment(USERNAME="root", PASSWORD="correct-horse-battery")
    assert "correct-horse" not in run() + run()
