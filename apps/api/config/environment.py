"""Read settings from environment variables, with an error that names the variable."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


def text(name: str, default: str) -> str:
    """Return the variable, or the default where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def required(name: str, *, why: str) -> str:
    """Return the variable; raise ImproperlyConfigured in one sentence where it is unset or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"The environment variable {name} is not set: {why}.")
    return value


def flag(name: str, *, default: bool) -> bool:
    """Return a yes/no variable; raise ImproperlyConfigured for any other word."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value not in _YES | _NO:
        raise ImproperlyConfigured(f"The environment variable {name} is {value!r}: write 1 or 0.")
    return value in _YES


def whole_number(name: str, default: int) -> int:
    """Return a non-negative integer variable; raise ImproperlyConfigured for anything else."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"The environment variable {name} is {value!r}: write a whole number, 0 or more.")
    return int(value)


def words(name: str) -> list[str]:
    """Return a comma-separated variable as a list, without empty entries."""
    return split_words(os.environ.get(name, ""))


def required_words(name: str, *, why: str) -> list[str]:
    """Return a comma-separated variable with at least one entry; raise ImproperlyConfigured otherwise."""
    entries = split_words(required(name, why=why))
    if not entries:
        raise ImproperlyConfigured(f"The environment variable {name} has no entry: {why}.")
    return entries


def split_words(value: str) -> list[str]:
    """Split at commas and drop what is blank."""
    return [word.strip() for word in value.split(",") if word.strip()]
