"""Words of a Dockerfile's lines."""

from __future__ import annotations

import pytest

from engine.core.dockerfile.words import Words, json_list


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ('a="b c" d', ['a="b c"', "d"]),
        (r"a\ b c", [r"a\ b", "c"]),
        ("'a \\' b", ["'a \\'", "b"]),
        (r'"a \" b" c', [r'"a \" b"', "c"]),
        ("", []),
        ("'open end", ["'open end"]),
    ],
)
def test_quotes_and_escapes_hold_words_together(text, words):
    assert Words(text).split() == words


def test_a_word_loses_its_quotes():
    assert Words.unquoted(r"""a"b c"'d "e'\ f""", "\\") == 'ab cd "e f'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('["a", "b c"]', ("a", "b c")),
        ("[]", ()),
        ("['a']", None),
        ("[1]", None),
        ("[ -f x ] && y", None),
        ("a", None),
        ('{"a": "b"}', None),
    ],
)
def test_only_a_list_of_strings_is_the_exec_form(text, found):
    assert json_list(text) == found
