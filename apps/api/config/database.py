"""Turn DATABASE_URL into Django's connection settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from pathlib import Path

_CONNECT_TIMEOUT = 3  # seconds; a health check must be able to say "down" before its own time limit
_POSTGRES = "django.db.backends.postgresql"
_SQLITE = "django.db.backends.sqlite3"


def connection_settings(url: str, *, embedded: Path, max_age: int) -> dict[str, Any]:
    """Return the settings of the database at `url`, or of the embedded SQLite file where `url` is empty.

    Raise ImproperlyConfigured without repeating the URL, which holds a password.
    """
    settings = dict(_parse(url, max_age) if url else _parse(f"sqlite:///{embedded}", max_age))
    options = dict(settings.get("OPTIONS", {}))
    if settings["ENGINE"] == _POSTGRES:
        options.setdefault("connect_timeout", _CONNECT_TIMEOUT)
    else:
        options = _sqlite_options() | options
    return settings | {"OPTIONS": options}


def _parse(url: str, max_age: int) -> dict[str, Any]:
    try:
        settings = dict(dj_database_url.parse(url, conn_max_age=max_age, conn_health_checks=True))
    except (ValueError, KeyError):
        settings = {}
    if settings.get("ENGINE") not in {_POSTGRES, _SQLITE} or not settings.get("NAME"):
        raise ImproperlyConfigured(
            "The environment variable DATABASE_URL cannot be read: write postgres://USER:PASSWORD@HOST:PORT/NAME "
            "(special characters percent-encoded) or sqlite:////absolute/path.",
        )
    return settings


def _sqlite_options() -> dict[str, Any]:
    # Several workers share the file: a write-ahead log lets them read meanwhile, and taking the write lock
    # when a transaction begins makes them queue instead of failing with "database is locked".
    return {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
    }
