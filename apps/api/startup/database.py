"""Wait for the database, and let one start at a time change it."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import OperationalError, connection

from startup.errors import DATABASE_UNREACHABLE, LOCK_NOT_FREE, StartError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAUSE = 0.5
# PostgreSQL says these about settings, in English or not at all: waiting will not make them right.
_HOPELESS = ("password authentication failed", "does not exist", "no pg_hba.conf entry", "unable to open database file")
_LOCK = int.from_bytes(hashlib.sha256(b"emr-api migrate").digest()[:8], "big", signed=True)


def wait(*, seconds: int) -> None:
    """Return once the database answers; raise StartError after `seconds`, or at once where waiting cannot help."""
    deadline = time.monotonic() + seconds
    told = False
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if _hopeless(error) or time.monotonic() >= deadline:
                raise _unreachable(error, seconds) from error
            if not told:
                print(f"database: {_where()} does not answer yet, waiting up to {seconds} s", flush=True)
                told = True
            time.sleep(_PAUSE)
        else:
            return


@contextmanager
def migration_lock(*, seconds: int) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock for migrations; other databases have one writer anyway.

    The lock belongs to the connection: it is free again however this process ends.
    """
    if connection.vendor != "postgresql":
        yield
        return
    _take(seconds)
    try:
        yield
    finally:
        if connection.is_usable():
            _query("SELECT pg_advisory_unlock(%s)")


def first_line(error: Exception) -> str:
    """Return what a database error says first, without the full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _take(seconds: int) -> None:
    deadline = time.monotonic() + seconds
    told = False
    while not _query("SELECT pg_try_advisory_lock(%s)"):
        if time.monotonic() >= deadline:
            raise StartError(
                "migrate",
                f"another start has been migrating for more than {seconds} s. See what it does in pg_locks, "
                "or raise DJANGO_MIGRATE_LOCK_WAIT.",
                exit_code=LOCK_NOT_FREE,
            )
        if not told:
            print(f"migrate: another start is migrating, waiting up to {seconds} s", flush=True)
            told = True
        time.sleep(_PAUSE)


def _query(statement: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [_LOCK])
        return bool(cursor.fetchone()[0])


def _hopeless(error: OperationalError) -> bool:
    return any(sign in str(error) for sign in _HOPELESS)


def _unreachable(error: OperationalError, seconds: int) -> StartError:
    if connection.vendor == "sqlite":
        reason = f"{_where()}: {first_line(error)}. Make its directory writable, or name another in DATABASE_URL."
    elif _hopeless(error):
        reason = f"{_where()}: {_last_cause(error)}. Correct DATABASE_URL."
    else:
        reason = (
            f"{_where()} did not answer within {seconds} s: {_last_cause(error)}. "
            "Start it, correct DATABASE_URL, or raise DJANGO_DATABASE_WAIT."
        )
    return StartError("database", reason, exit_code=DATABASE_UNREACHABLE)


def _last_cause(error: OperationalError) -> str:
    # psycopg tells every address it tried before; libpq repeats the address before the cause.
    cause = first_line(error)
    return cause.rpartition(" failed: ")[2].removeprefix("FATAL:").strip() or cause


def _where() -> str:
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"SQLite file {settings['NAME']}"
    host, port = settings["HOST"] or "the local socket", settings["PORT"] or 5432
    return f"PostgreSQL at {host}:{port}, database {settings['NAME']}"
