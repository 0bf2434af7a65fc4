"""Snapshot ids: serial numbers in base 36, short because the options of a mount are."""

from __future__ import annotations

from engine.core.tree import SnapshotId

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def snapshot_of(number: int) -> SnapshotId:
    """Write a serial number as an id."""
    digits = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return SnapshotId(digits)


def number_of(snapshot: SnapshotId) -> int:
    """Give the serial number of an id."""
    return int(snapshot, len(_DIGITS))
