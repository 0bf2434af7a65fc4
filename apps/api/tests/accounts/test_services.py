from __future__ import annotations

import pytest
from django.contrib.auth.models import UserManager

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
    create = UserManager.create_superuser

    def overtaken(self, **details):
        # The other start's user appears between the look and the insert.
        monkeypatch.setattr(UserManager, "create_superuser", create)
        User(username="root", is_superuser=True, is_staff=True).save()
        return create(self, **details)

    monkeypatch.setattr(UserManager, "create_superuser", overtaken)
    with pytest.raises(User.DoesNotExist):
        User.objects.get()
    assert superuser_ensure(**ROOT) is Superuser.PRESENT
