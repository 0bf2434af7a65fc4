"""What of a command's output goes into its error."""

from __future__ import annotations

import pytest

from engine.core.output import LIMIT, tail, text


def test_space_around_the_output_is_left_out() -> None:
    assert tail(b"\n  a b \n\n") == "a b"


def test_output_below_the_limit_is_whole() -> None:
    assert tail(b"x" * (LIMIT - 1)) == "x" * (LIMIT - 1)


@pytest.mark.parametrize(("size", "missing"), [(300_000, 197_600), (LIMIT + 1, 1), (LIMIT, 0)])
def test_the_last_bytes_are_kept_and_their_beginning_says_how_many_are_missing(size: int, missing: int) -> None:
    shown = tail(b"a" * (size - 5) + b"z" * 5)
    assert len(shown) == LIMIT
    assert shown.startswith(f"[omitting {missing} bytes]...aaa")
    assert shown.endswith("azzzzz")


def test_the_space_at_the_end_counts_for_the_limit() -> None:
    assert tail(b"a" * 200_000 + b"\n").startswith("[omitting 97601 bytes]...")


def test_what_is_not_text_is_replaced() -> None:
    assert text(b"a\xffb") == "a\ufffdb"
