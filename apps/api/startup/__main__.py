"""`python -m startup [web | release | health | stamp | manage …]`: what the image runs."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from startup import health, server, static_stamp
from startup.errors import CANNOT_WRITE, STALE_STATIC_FILES, USAGE, StartError
from startup.options import Options, read_options

if TYPE_CHECKING:
    from types import FrameType

_CODE = Path(__file__).resolve().parent.parent
_STATIC_ROOT = _CODE / "staticfiles"
_USAGE = """\
usage: python -m startup [web | release | health | stamp | manage COMMAND ...]

  web       migrate, collect static files where needed, ensure the superuser, become the server (default)
  release   migrate only, holding the database's migration lock
  health    ask the running server for its health; exit 0 or 1
  stamp     after collectstatic in a build: record the static files, so that a start can tell them unchanged
  manage    run a management command, e.g. "manage shell"
"""


class _StoppedError(BaseException):
    """Raised wherever the start is when it is told to stop; no step may take it for a failure of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)


def main(arguments: list[str]) -> int:
    """Run what is asked; a mistake in settings or surroundings ends in one line and its own exit code."""
    # The server's processes inherit it.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
    # The kernel drops a signal that process 1 has no handler for: a stop during the start would go unheard.
    signal.signal(signal.SIGTERM, _stop)
    try:
        return _run(arguments)
    except StartError as error:
        print(f"startup: {error}", file=sys.stderr)
        if os.environ.get("DJANGO_STARTUP_DEBUG") == "1":
            traceback.print_exc()
        return error.exit_code
    except _StoppedError as stopped:
        print(f"startup: stopped by {stopped.signal.name}", file=sys.stderr)
        return 128 + stopped.signal


def _run(arguments: list[str]) -> int:
    match arguments or ["web"]:
        case ["web"]:
            web(read_options(os.environ))
        case ["release"]:
            return release(read_options(os.environ))
        case ["health"]:
            return 0 if health.healthy(os.environ) else 1
        case ["stamp"]:
            return stamp()
        case ["manage", *command]:
            os.execv(sys.executable, [sys.executable, str(_CODE / "manage.py"), *command])
        case ["--help" | "-h" | "help"]:
            print(_USAGE, end="")
            return 0
    print(_USAGE, end="", file=sys.stderr)
    return USAGE


def web(options: Options) -> NoReturn:
    """Prepare what the server needs, then become the server."""
    verdict = static_stamp.judge(static_root=_STATIC_ROOT, code=_CODE)
    if options.collectstatic == "refuse" and not verdict.as_built:
        _refuse(verdict.reason)
    # Imported here: the judgement above, health and stamp do without Django.
    from startup import django_steps  # noqa: PLC0415

    django_steps.set_up()
    if options.migrate or options.superuser:
        django_steps.wait_for_database(seconds=options.database_wait)
    if options.migrate:
        django_steps.migrate(lock_wait=options.lock_wait)
    else:
        _say("migrate: left out (DJANGO_MIGRATE=0)")
    if verdict.as_built or options.collectstatic == "never":
        _say(
            f"static files: {verdict.reason}{'' if verdict.as_built else ' (DJANGO_COLLECTSTATIC=0, left as they are)'}"
        )
    else:
        _say(f"static files: {verdict.reason}; collecting anew")
        django_steps.collectstatic(static_root=_STATIC_ROOT)
    django_steps.ensure_superuser()
    django_steps.hang_up()
    server.become_server(workers=options.workers, port=options.port)


def release(options: Options) -> int:
    """Migrate and do nothing else."""
    from startup import django_steps  # noqa: PLC0415

    django_steps.set_up()
    django_steps.wait_for_database(seconds=options.database_wait)
    django_steps.migrate(lock_wait=options.lock_wait)
    return 0


def stamp() -> int:
    """Record what collectstatic left, for `web` to compare with."""
    try:
        count = static_stamp.write_stamps(static_root=_STATIC_ROOT, code=_CODE)
    except FileNotFoundError as error:
        raise StartError(
            "stamp",
            f"{error.filename} is missing. Run `python manage.py collectstatic --noinput` before.",
            exit_code=STALE_STATIC_FILES,
        ) from error
    except OSError as error:
        raise StartError(
            "stamp",
            f"{error.filename}: {error.strerror}. Run this step as the owner of the code and of the static files.",
            exit_code=CANNOT_WRITE,
        ) from error
    _say(f"static files: {count} files recorded")
    return 0


def _refuse(reason: str) -> NoReturn:
    raise StartError(
        "static files check",
        f"{reason}. Remove the volume, or set DJANGO_COLLECTSTATIC=1 to collect anew.",
        exit_code=STALE_STATIC_FILES,
    )


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise _StoppedError(number)


def _say(line: str) -> None:
    # Unbuffered: exec would drop what is still in the buffer, and a log should be in order.
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
