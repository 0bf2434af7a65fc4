"""Change who may use the API."""

from __future__ import annotations

from enum import Enum

from django.db import IntegrityError, transaction

from accounts.models import User


class Superuser(Enum):
    """What `superuser_ensure` found or did."""

    CREATED = "created"
    PRESENT = "present"
    ORDINARY = "ordinary"


def superuser_ensure(*, username: str, email: str, password: str) -> Superuser:
    """Create the superuser unless the name is taken; whoever has it is left as they are, password and rights too.

    Idempotent, also when several servers start at once.
    """
    found = _present(username)
    if found is not None:
        return found
    try:
        with transaction.atomic():
            User.objects.create_superuser(username=username, email=email, password=password)
    except IntegrityError:
        taken = _present(username)
        if taken is None:
            raise
        return taken
    return Superuser.CREATED


def _present(username: str) -> Superuser | None:
    user = User.objects.filter(username=User.normalize_username(username)).first()
    if user is None:
        return None
    return Superuser.PRESENT if user.is_superuser and user.is_staff else Superuser.ORDINARY
