"""Register the app."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The users of the API."""

    name = "accounts"
