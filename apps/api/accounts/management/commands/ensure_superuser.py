"""Make sure that the superuser named in the environment is there."""

from __future__ import annotations

import os
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand

from accounts.models import User
from accounts.services import Superuser, superuser_ensure

_SAID = {
    Superuser.CREATED: "{name!r} created",
    Superuser.PRESENT: "{name!r} is there already, left as it is",
    Superuser.ORDINARY: "{name!r} exists without a superuser's rights, left as it is; grant them by hand",
}


class Command(BaseCommand):
    """Idempotent; says in one line what it found or did."""

    help = (
        "Create the superuser named by DJANGO_SUPERUSER_USERNAME, DJANGO_SUPERUSER_EMAIL and "
        "DJANGO_SUPERUSER_PASSWORD; do nothing where they are not set or the user exists."
    )
    requires_system_checks = []

    def handle(self, **_options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Create the superuser once."""
        name, password = (os.environ.get(f"DJANGO_SUPERUSER_{key}", "") for key in ("USERNAME", "PASSWORD"))
        missing = [
            f"DJANGO_SUPERUSER_{key}" for key, value in (("USERNAME", name), ("PASSWORD", password)) if not value
        ]
        if missing:
            self._say(f"not configured ({' and '.join(missing)} not set), nothing done")
            return
        done = superuser_ensure(username=name, email=os.environ.get("DJANGO_SUPERUSER_EMAIL", ""), password=password)
        self._say(_SAID[done].format(name=name) + (_weakness(name, password) if done is Superuser.CREATED else ""))

    def _say(self, what: str) -> None:
        self.stdout.write(f"superuser: {what}")


def _weakness(name: str, password: str) -> str:
    try:
        validate_password(password, User(username=name))
    except ValidationError as error:
        return f"; change the password: {' '.join(error.messages)}"
    return ""
