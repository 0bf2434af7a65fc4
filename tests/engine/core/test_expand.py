"""References to variables, as Go's os.Expand reads them."""

from __future__ import annotations

import pytest

from engine.core.expand import expand

VARIABLES = {"A": "1", "AB": "2", "x_9": "3", "$": "dollar", "1": "one"}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$A", "1"),
        ("${A}", "1"),
        ("$AB", "2"),
        ("${A}B", "1B"),
        ("$x_9.$A", "3.1"),
        ("a$A-$A", "a1-1"),
        ("[$NO]", "[]"),
        ("[${NO}]", "[]"),
        ("", ""),
        ("no reference", "no reference"),
    ],
)
def test_a_reference_becomes_its_value_and_an_unknown_one_nothing(text: str, expanded: str) -> None:
    assert expand(text, lambda name: VARIABLES.get(name, "")) == expanded


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$$", "dollar"),
        ("$12", "one2"),
        ("${A:-x}", ""),
        ("\\$A", "\\1"),
        ("'$A'", "'1'"),
        ("$", "$"),
        ("a$", "a$"),
        ("$ A", "$ A"),
        ("$.", "$."),
        ("${}A", "A"),
        ("${A", "A"),
    ],
)
def test_nothing_has_the_meaning_that_a_shell_gives_it(text: str, expanded: str) -> None:
    assert expand(text, lambda name: VARIABLES.get(name, "")) == expanded


def test_values_are_not_expanded_again() -> None:
    assert expand("$A", {"A": "$B", "B": "no"}.__getitem__) == "$B"


def test_what_the_lookup_raises_comes_out() -> None:
    with pytest.raises(KeyError):
        expand("$A", {}.__getitem__)
