"""Settings of the test run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from config.settings.base import *

SECRET_KEY = "for-tests-only-never-a-secret-but-long-enough-for-every-check"  # noqa: S105 - worth nothing
ALLOWED_HOSTS = ["testserver", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# No test may write beside the code; each test that stores a file gets a directory of its own (tests/conftest.py).
STATIC_ROOT = Path(tempfile.gettempdir()) / "emr-api-tests" / "staticfiles"
MEDIA_ROOT = Path(tempfile.gettempdir()) / "emr-api-tests" / "media"
WHITENOISE_AUTOREFRESH = True
REST_FRAMEWORK = REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"login": None}}
