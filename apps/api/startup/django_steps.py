"""The steps of the start that need Django, all in this one process."""

from __future__ import annotations

import importlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from startup import database, static_stamp
from startup.errors import BAD_SETTINGS, CANNOT_WRITE, StartError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def set_up() -> None:
    """Load settings and apps; raise StartError where a setting is missing or wrong."""
    module = os.environ["DJANGO_SETTINGS_MODULE"]
    try:
        importlib.import_module(module)
        django.setup()
    except ImproperlyConfigured as error:
        raise StartError("settings", str(error), exit_code=BAD_SETTINGS) from error
    except ValueError as error:
        # logging.config says so of a level or handler that it does not know.
        raise StartError(
            "settings", f"{error}: {error.__cause__ or 'see the settings module'}", exit_code=BAD_SETTINGS
        ) from error
    except ModuleNotFoundError as error:
        if not error.name or not f"{module}.".startswith(f"{error.name}."):
            raise
        reason = f"DJANGO_SETTINGS_MODULE is {module!r}, and there is no module {error.name!r}."
        raise StartError("settings", reason, exit_code=BAD_SETTINGS) from error


def wait_for_database(*, seconds: int) -> None:
    """Return once the database answers; raise StartError after `seconds`."""
    database.wait(seconds=seconds)


def migrate(*, lock_wait: int) -> None:
    """Apply the migrations, one start at a time."""
    with _explained("migrate"), database.migration_lock(seconds=lock_wait):
        call_command("migrate", interactive=False, verbosity=1)


def collectstatic(*, static_root: Path) -> None:
    """Collect the static files anew over whatever is there."""
    with _explained("collectstatic"):
        static_stamp.drop_unhashed(static_root=static_root)
        call_command("collectstatic", interactive=False, verbosity=1)
        static_stamp.renew_stamp(static_root=static_root)


def ensure_superuser() -> None:
    """Create the superuser that the environment names."""
    with _explained("ensure_superuser"):
        call_command("ensure_superuser")


def hang_up() -> None:
    """Take leave of the database, which would otherwise log a connection that broke off."""
    connections.close_all()


@contextmanager
def _explained(step: str) -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise StartError(step, str(error), exit_code=error.returncode or 1) from error
    except ImproperlyConfigured as error:
        raise StartError(step, str(error), exit_code=BAD_SETTINGS) from error
    except DatabaseError as error:
        raise StartError(step, f"the database refused: {database.first_line(error)}.", exit_code=1) from error
    except PermissionError as error:
        raise StartError(step, _unwritable(error), exit_code=CANNOT_WRITE) from error
    except OSError as error:
        raise StartError(step, f"{error.strerror} on {error.filename}.", exit_code=CANNOT_WRITE) from error


def _unwritable(error: PermissionError) -> str:
    who = f"uid {os.geteuid()}, gid {os.getegid()}"
    return (
        f"{error.filename} cannot be written as {who}: make {settings.STATIC_ROOT} writable for this user, "
        "or set DJANGO_COLLECTSTATIC=0 to serve what is there."
    )
