"""Variables in the words of a Dockerfile. The expectations were seen with BuildKit's shell lexer's documentation."""

from __future__ import annotations

import pytest

from engine.core.dockerfile.variables import expanded, expanded_text, expanded_words
from engine.errors import InvalidRequest

VARIABLES = {"A": "one", "E": "", "P": "foobarbaz", "S": "two words", "_x1": "under"}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("plain", "plain"),
        ("$A", "one"),
        ("x${A}y", "xoney"),
        ("$A.b$_x1-", "one.bunder-"),
        ("$NONE|${NONE}", "|"),
        (r"\$A", "$A"),
        ("'$A'", "$A"),
        ('"$A b"', "one b"),
        (r'"\$A \" \x \\"', r'$A " \x \\'[:-1]),
        ("$", "$"),
        ("a$ b", "a$ b"),
        ("${A:-d}", "one"),
        ("${E:-d}", "d"),
        ("${E-d}", ""),
        ("${NONE-d}", "d"),
        ("${NONE:-$A}", "one"),
        ("${NONE:-${E:-deep}}", "deep"),
        ("${NONE:-'a b'}", "a b"),
        ("${A:+set}", "set"),
        ("${E:+set}", ""),
        ("${E+set}", "set"),
        ("${NONE+set}", ""),
        ("${A:?no}", "one"),
        ("${P#f*o}", "obarbaz"),
        ("${P##f*b}", "az"),
        ("${P%b*z}", "foobar"),
        ("${P%%b*z}", "foo"),
        ("${P#x}", "foobarbaz"),
        ("${P/ba?/X}", "fooXbaz"),
        ("${P//ba?/X}", "fooXX"),
        ("${P//o/}", "fbarbaz"),
        (r"${P/\*/x}", "foobarbaz"),
    ],
)
def test_a_word_is_expanded(word, value):
    assert expanded(word, VARIABLES) == value


@pytest.mark.parametrize("word", ["${A", "${}", "'open", '"open', "${A!x}", "${NONE:?text}", "${NONE?}"])
def test_what_cannot_be_understood_is_an_error(word):
    with pytest.raises(InvalidRequest):
        expanded(word, VARIABLES)


def test_a_missing_value_that_is_needed_is_told():
    with pytest.raises(InvalidRequest, match=r"^NONE: give one$"):
        expanded('${NONE:?"give one"}', VARIABLES)
    with pytest.raises(InvalidRequest, match=r"^NONE: is not allowed to be unset$"):
        expanded("${NONE?}", VARIABLES)


def test_another_escape_character_leaves_backslashes_alone():
    assert expanded(r"C:\dir`$A", VARIABLES, escape="`") == r"C:\dir$A"


def test_a_text_keeps_its_quotes():
    assert expanded_text("'$A' \"${S}\" \\$A \\n\n", VARIABLES) == "'one' \"two words\" $A \\n\n"


def test_a_value_may_become_several_words():
    assert expanded_words('80 $S "$S" a', VARIABLES) == ["80", "two", "words", "two words", "a"]
