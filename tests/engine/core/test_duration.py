"""Durations in Go's notation."""

from __future__ import annotations

import pytest

from engine.core.duration import format_duration, parse_duration
from engine.errors import InvalidRequest

_MS = 1_000_000
_SECOND = 1000 * _MS


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1.5µs"),
        (500 * _MS, "500ms"),
        (5 * _SECOND, "5s"),
        (1500 * _MS, "1.5s"),
        (90 * _SECOND, "1m30s"),
        (3600 * _SECOND, "1h0m0s"),
        (3600 * _SECOND + 1, "1h0m0.000000001s"),
        (-90 * _SECOND, "-1m30s"),
    ],
)
def test_it_is_written_as_go_writes_it_and_read_back(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("1h", 3600 * _SECOND), (".5s", 500 * _MS), ("+2m", 120 * _SECOND), ("0", 0), ("1.s", _SECOND), ("3us", 3000)],
)
def test_other_spellings_are_read_too(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("soon", 'time: invalid duration "soon"'),
        ("5", 'time: missing unit in duration "5"'),
        ("5 s", 'time: unknown unit " s" in duration "5 s"'),
        ("5d", 'time: unknown unit "d" in duration "5d"'),
        ("-", 'time: invalid duration "-"'),
        (".s", 'time: invalid duration ".s"'),
    ],
)
def test_what_is_no_duration_is_an_error_in_gos_words(text: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        parse_duration(text)
    assert str(error.value) == message
