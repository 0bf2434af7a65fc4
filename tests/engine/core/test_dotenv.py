"""Values of dotenv files: words, quotes, escapes, references."""

from __future__ import annotations

import pytest

from engine.core.dotenv import evaluate
from engine.errors import InvalidRequest

_SET = {"A": "1", "TWO": "x  y", "EMPTY": ""}


def _value(text: str) -> str:
    return evaluate(text, lambda name: _SET.get(name, ""))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a   b c", "a   b c"),
        ("!@#$%^&*()", "!@#$%^&*()"),
        ("a # b", "a # b"),
        ("$A/b", "1/b"),
        ("${A}b", "1b"),
        ("a   $A", "a 1"),
        ("[$TWO]", "[x y]"),
        ('"[$TWO]"', "[x  y]"),
        ("'$A'", "$A"),
        ("hello, nice '$A'", "hello, nice $A"),
        ('"it is \'$A\' \\" \\$A \\n"', "it is '1' \" $A \\n"),
        (r"a\ b\ c", "a b c"),
        ('["ga", "bu", 42]', "[ga, bu, 42]"),
        ('{"name": "John Wick", "age": 58}', "{name: John Wick, age: 58}"),
        (r'"[\"ga\", 42]"', '["ga", 42]'),
        ("${NO:-default}", "default"),
        ("${EMPTY-default}", "default"),
        ("${A:-default}", "1"),
        ("${NO:-$A}", "1"),
        ("${A:+other}", "other"),
        ("${NO:+other}x$A", "x1"),
        ("$A # comment", "1"),
        ("$A; rm", "1"),
        ("$", "$"),
        ('""', ""),
    ],
)
def test_a_value_means_what_it_means_to_a_shell(text: str, value: str) -> None:
    assert _value(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "$NO",
        "${NO}",
        '"$EMPTY"',
        "$(id)",
        "`id`",
        '"`id`"',
        "'open",
        '"open',
        "${A",
        "${A/x/y}",
        "$A (x)",
        "${NO:?gone}",
    ],
)
def test_what_has_no_meaning_is_an_error(text: str) -> None:
    with pytest.raises(InvalidRequest):
        _value(text)
