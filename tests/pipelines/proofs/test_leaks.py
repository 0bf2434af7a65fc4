"""What must not be published, and what only looks like it."""

from __future__ import annotations

import pytest

from pipelines.build import THROWAWAY
from pipelines.proofs import leaks
from pipelines.proofs.leaks import leaks_in, leaks_in_text

KEY = "-----BEGIN {}PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n" * 2


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("opt/x", KEY.format(""), "a private key"),
        ("opt/x", KEY.format("RSA "), "a private key"),
        ("opt/x", KEY.format("OPENSSH ").replace("\n", "\\n"), "a private key"),
        ("opt/x", f"throwaway-{'a_B-' * 16}", "a throwaway value"),
        ("opt/x", "ALLOWED_HOSTS=build.invalid", "a throwaway value"),
        ("app/x.py", f"SECRET_KEY = 'django-insecure-{'x' * 50}'", "a secret key of Django"),
        ("app/x.sh", 'DJANGO_SECRET_KEY="kf8sJd0a9sXmQ2bv7LpZ"', "a secret in an assignment"),
        ("app/x.json", '{"DJANGO_SECRET_KEY": "kf8sJd0a9sXmQ2bv7LpZ"}', "a secret in an assignment"),
        ("opt/x", f"token ghp_{'a1' * 18}", "a token"),
        ("opt/x", "AKIAABCDEFGHIJKLMNOP", "a token"),
        ("app/x", "postgres://api:correcthorse@db/api", "an address with a password"),
        ("app/.env", "", "a file that holds secrets"),
        ("app/.env.production", "", "a file that holds secrets"),
        ("root/.netrc", "", "a file that holds secrets"),
        ("root/.ssh/id_ed25519", "", "a file that holds secrets"),
        ("etc/tls/server.key", "", "a file that holds secrets"),
    ],
)
def test_a_secret_is_found_by_its_form_or_its_name(path: str, content: str, kind: str) -> None:
    found = leaks_in(path, content.encode())
    assert len(found) == 1
    assert found[0].startswith(kind)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("app/.env.example", "DJANGO_SECRET_KEY=\n"),
        ("app/README.md", "DATABASE_URL=postgres://USER:PASSWORD@HOST:PORT/NAME"),
        ("opt/venv/METADATA", "postgres://user:p#ssword!@localhost"),
        ("opt/x.py", 'SECRET_KEY_INSECURE_PREFIX = "django-insecure-"'),
        ("opt/x.py", 'os.environ["DJANGO_SECRET_KEY"]'),
        ("opt/x.py", '"-----BEGIN PRIVATE KEY-----"'),
        ("app/x.py", "THROWAWAY = 'throwaway-'"),
        ("etc/ssl/ca.pem", KEY.format("").replace("PRIVATE KEY", "CERTIFICATE")),
    ],
)
def test_what_only_looks_like_a_secret_is_let_be(path: str, content: str) -> None:
    assert leaks_in(path, content.encode()) == []


def test_the_build_begins_its_values_with_what_is_looked_for() -> None:
    assert THROWAWAY == leaks.THROWAWAY


def test_a_line_of_a_history_is_searched_too() -> None:
    assert leaks_in_text("RUN export DJANGO_SECRET_KEY=kf8sJd0a9sXmQ2bv7LpZ") == ["a secret in an assignment"]
    assert leaks_in_text("RUN python manage.py collectstatic") == []
