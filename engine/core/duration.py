"""Durations as Go writes them (`1m30s`), in nanoseconds."""

from __future__ import annotations

import re

from engine.errors import InvalidRequest

_MICRO = 1_000
_MILLI = 1_000_000
_SECOND = 1_000_000_000
_UNITS = {
    "ns": 1,
    "us": _MICRO,
    "µs": _MICRO,  # U+00B5
    "\u03bcs": _MICRO,
    "ms": _MILLI,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3600 * _SECOND,
}
_PART = re.compile(r"(\d*)(?:\.(\d*))?([^\d.]*)")


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration; raises InvalidRequest with the texts of Go's time.ParseDuration."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    if not rest:
        raise InvalidRequest(f'time: invalid duration "{text}"')
    total = 0
    while rest:
        match = _PART.match(rest)
        whole, fraction, unit = match.groups() if match else ("", None, "")
        if not whole and not fraction:
            raise InvalidRequest(f'time: invalid duration "{text}"')
        if not unit:
            raise InvalidRequest(f'time: missing unit in duration "{text}"')
        if unit not in _UNITS:
            raise InvalidRequest(f'time: unknown unit "{unit}" in duration "{text}"')
        total += int(whole or 0) * _UNITS[unit]
        if fraction:
            total += int(fraction) * _UNITS[unit] // 10 ** len(fraction)
        rest = rest[match.end() if match else 0 :]
    return sign * total


def format_duration(nanoseconds: int) -> str:
    """Write nanoseconds as Go's Duration.String does."""
    if nanoseconds < 0:
        return "-" + format_duration(-nanoseconds)
    if nanoseconds == 0:
        return "0s"
    for unit, limit, size in (("ns", _MICRO, 1), ("µs", _MILLI, _MICRO), ("ms", _SECOND, _MILLI)):
        if nanoseconds < limit:
            return _decimal(nanoseconds, size) + unit
    minutes, rest = divmod(nanoseconds, 60 * _SECOND)
    hours, minutes = divmod(minutes, 60)
    seconds = _decimal(rest, _SECOND) + "s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)
