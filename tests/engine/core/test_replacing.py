"""Replacing text: one match, every match, or the first from a line on."""

from __future__ import annotations

import pytest

from engine.core.replacing import replaced
from engine.errors import InvalidRequest

TEXT = b"one a\ntwo\nthree a\nfour a\n"


def test_the_only_match_is_replaced() -> None:
    assert replaced(TEXT, b"two", b"2", everywhere=False, first_from=None) == b"one a\n2\nthree a\nfour a\n"


def test_a_match_may_go_over_lines() -> None:
    assert replaced(TEXT, b"two\nthree", b"2", everywhere=False, first_from=None) == b"one a\n2 a\nfour a\n"


def test_more_than_one_match_is_refused_and_told() -> None:
    with pytest.raises(InvalidRequest) as caught:
        replaced(b"xa\nax", b"a", b"", everywhere=False, first_from=None)
    assert str(caught.value) == "search string found multiple times: line 1 (1-2), line 2 (3-4)"


@pytest.mark.parametrize("first_from", [None, 1, 4])
def test_no_match_is_refused(first_from: int | None) -> None:
    with pytest.raises(InvalidRequest, match=r"^search string not found$"):
        replaced(TEXT, b"nine", b"9", everywhere=False, first_from=first_from)


def test_every_match_is_replaced_and_there_may_be_none() -> None:
    assert replaced(TEXT, b" a", b"", everywhere=True, first_from=None) == b"one\ntwo\nthree\nfour\n"
    assert replaced(TEXT, b"nine", b"9", everywhere=True, first_from=None) == TEXT


@pytest.mark.parametrize(
    ("line", "result"),
    [
        (0, b"one\ntwo\nthree a\nfour a\n"),
        (1, b"one\ntwo\nthree a\nfour a\n"),
        (2, b"one a\ntwo\nthree\nfour a\n"),
        (3, b"one a\ntwo\nthree\nfour a\n"),
        (4, b"one a\ntwo\nthree a\nfour\n"),
    ],
)
def test_the_first_match_at_or_after_a_line_is_replaced(line: int, result: bytes) -> None:
    assert replaced(TEXT, b" a", b"", everywhere=False, first_from=line) == result


def test_a_match_before_the_line_is_not_seen() -> None:
    with pytest.raises(InvalidRequest, match=r"^search string not found$"):
        replaced(TEXT, b"two", b"2", everywhere=False, first_from=3)


def test_all_matches_from_a_line_on_are_replaced() -> None:
    assert replaced(b"a\na\nb\na a", b"a", b"x", everywhere=True, first_from=2) == b"a\nx\nb\nx x"
    assert replaced(b"a\nb", b"a", b"x", everywhere=True, first_from=2) == b"a\nb"
