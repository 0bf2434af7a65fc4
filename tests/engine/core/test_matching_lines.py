"""Lines that match, counted as ripgrep counts."""

from __future__ import annotations

import re

from engine.core.matching_lines import matching_lines


def _hits(
    text: str, pattern: str, *, multiline: bool = False, flags: int = 0
) -> list[tuple[int, int, str, list[tuple[int, int]]]]:
    hits = matching_lines(text, re.compile(pattern, re.MULTILINE | flags), multiline=multiline)
    return [(hit.line_number, hit.offset, hit.text, [(sub.start, sub.end) for sub in hit.submatches]) for hit in hits]


def test_each_line_that_matches_is_one_hit_with_all_its_matches() -> None:
    assert _hits("aba\nc\nxa", "a") == [(1, 0, "aba\n", [(0, 1), (2, 3)]), (3, 6, "xa", [(1, 2)])]


def test_offsets_count_bytes() -> None:
    assert _hits("é\néa\n", "a") == [(2, 3, "éa\n", [(2, 3)])]


def test_a_match_ends_with_its_line_unless_asked_otherwise() -> None:
    assert _hits("a\nb\n", r"a\sb") == []
    assert _hits("a\nb\n", r"a\sb", multiline=True) == [(1, 0, "a\nb\n", [(0, 3)])]


def test_matches_whose_lines_touch_are_one_hit() -> None:
    assert _hits("x\na\nb\na\nb\ny\n", r"a\nb", multiline=True) == [(2, 2, "a\nb\na\nb\n", [(0, 3), (4, 7)])]
    assert _hits("a\nb\n-\na\nb", r"a\nb", multiline=True) == [(1, 0, "a\nb\n", [(0, 3)]), (4, 6, "a\nb", [(0, 3)])]


def test_anchors_hold_at_every_line() -> None:
    assert [hit[0] for hit in _hits("ab\nb\nab\n", "^b$")] == [2]


def test_what_matches_nowhere_gives_nothing() -> None:
    assert _hits("", "a") == []
    assert _hits("abc", "d") == []
