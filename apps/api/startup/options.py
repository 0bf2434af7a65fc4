"""How to start, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from startup.errors import BAD_SETTINGS, StartError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 8000

Value = TypeVar("Value", bool, str)

_SWITCH = {"": True, "1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_COLLECT = {"": "collect", "1": "collect", "true": "collect", "yes": "collect", "refuse": "refuse"} | dict.fromkeys(
    ("0", "false", "no"),
    "never",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the environment says about the start; seconds where it is about time."""

    migrate: bool = True
    collectstatic: str = "collect"
    superuser: bool = False
    database_wait: int = 30
    lock_wait: int = 300
    workers: int = 4
    port: int = DEFAULT_PORT
    debug: bool = False


def read_options(environ: Mapping[str, str]) -> Options:
    """Return the options; raise StartError naming the variable that cannot be understood."""
    return Options(
        migrate=_choice(environ, "DJANGO_MIGRATE", _SWITCH),
        collectstatic=_choice(environ, "DJANGO_COLLECTSTATIC", _COLLECT),
        superuser=bool(environ.get("DJANGO_SUPERUSER_USERNAME") and environ.get("DJANGO_SUPERUSER_PASSWORD")),
        database_wait=_number(environ, "DJANGO_DATABASE_WAIT", default=30, least=0),
        lock_wait=_number(environ, "DJANGO_MIGRATE_LOCK_WAIT", default=300, least=0),
        workers=_number(environ, "WEB_CONCURRENCY", default=4, least=1),
        port=_number(environ, "PORT", default=DEFAULT_PORT, least=1),
        debug=_choice(environ, "DJANGO_STARTUP_DEBUG", _SWITCH | {"": False}),
    )


def _choice(environ: Mapping[str, str], name: str, values: Mapping[str, Value]) -> Value:
    word = environ.get(name, "").strip().lower()
    if word not in values:
        raise StartError("settings", f"{name} is {word!r}: write {_one_of(values)}.", exit_code=BAD_SETTINGS)
    return values[word]


def _one_of(values: Mapping[str, object]) -> str:
    return " or ".join(word for word in values if word in {"1", "0", "refuse"})


def _number(environ: Mapping[str, str], name: str, *, default: int, least: int) -> int:
    word = environ.get(name, "").strip()
    if not word:
        return default
    if not (word.isascii() and word.isdigit()) or int(word) < least:
        raise StartError(
            "settings",
            f"{name} is {word!r}: write a whole number, {least} or more.",
            exit_code=BAD_SETTINGS,
        )
    return int(word)
