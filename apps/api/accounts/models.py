"""The user of the API."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A member of staff; a model of our own from the start, because Django cannot change it later without pain."""
