from __future__ import annotations

import pytest

from accounts import services
from accounts.models import User
from accounts.services import Superuser, superuser_ensure

pytestmark = pytest.mark.django_db
ROOT = {"username": "root", "email": "root@example.org", "password": "first-password"}


def test_a_superuser_is_created_once_and_keeps_the_password():
    assert superuser_ensure(**ROOT) is Superuser.CREATED
    assert superuser_ensure(**ROOT | {"password": "second-password"}) is Superuser.PRESENT
    root = User.objects.get()
    assert root.is_superuser
    assert root.check_password("first-password")


def test_an_ordinary_user_of_that_name_is_not_promoted():
    User.objects.create_user(username="root")
    assert superuser_ensure(**ROOT) is Superuser.ORDINARY
    assert not User.objects.get().is_superuser


def test_two_starts_at_once_make_one_superuser(monkeypatch):
    superuser_ensure(**ROOT)
    look, looks = services._present, []

    def too_early(username):
        looks.append(username)
        return look(username) if len(looks) > 1 else None

    monkeypatch.setattr(services, "_present", too_early)
    assert superuser_ensure(**ROOT) is Superuser.PRESENT
    assert User.objects.count() == 1
