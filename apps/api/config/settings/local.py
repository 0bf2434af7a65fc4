"""Settings of a developer's machine."""

from __future__ import annotations

from config.settings.base import *

DEBUG = True
SECRET_KEY = "for-development-only-never-a-secret"  # noqa: S105 - worth nothing
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "api"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
