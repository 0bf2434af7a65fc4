"""JSON values: parts of them, and what they are written as."""

from __future__ import annotations

import pytest

from engine.core.json_value import JsonValue
from engine.errors import InvalidRequest

TREE = JsonValue(text='{"n": null, "a": {"b": [1, "é"]}}')


@pytest.mark.parametrize("text", ["{", "", "NaN", "[1] x"])
def test_a_text_that_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^invalid JSON: "):
        JsonValue.parse(text)


@pytest.mark.parametrize(
    ("path", "text"), [((), '{"a":{"b":[1,"é"]},"n":null}'), (("a", "b"), '[1,"é"]'), (("n",), "null")]
)
def test_a_path_leads_to_a_value(path: tuple[str, ...], text: str) -> None:
    assert TREE.at(path).text == text


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("x",), "no such field: 'x'"),
        (("a", "x"), "no such field: 'x'"),
        (("a", "b", "0"), "can't lookup field '0' in non-object value"),
        (("n", "x"), "can't lookup field 'x' in non-object value"),
    ],
)
def test_a_path_to_nothing_is_refused(path: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        TREE.at(path)


def test_a_value_is_set_below_and_the_old_one_stays() -> None:
    assert TREE.with_at(["a", "c"], 2).text == '{"a":{"b":[1,"é"],"c":2},"n":null}'
    assert TREE.value == {"a": {"b": [1, "é"]}, "n": None}


def test_objects_on_the_way_are_made_and_take_the_place_of_others() -> None:
    assert JsonValue().with_at(["a", "b"], 1).text == '{"a":{"b":1}}'
    assert TREE.with_at(["n", "x"], 5).at(["n"]).text == '{"x":5}'
    assert JsonValue(text="[1]").with_at([], 1).text == "{}"


def test_the_text_is_as_it_was_given_or_pretty_and_sorted() -> None:
    assert TREE.contents(pretty=False, indent="") == '{"n": null, "a": {"b": [1, "é"]}}'
    assert JsonValue(text='{"b":1,"a":[]}').contents(pretty=True, indent="  ") == '{\n  "a": [],\n  "b": 1\n}'


@pytest.mark.parametrize(
    ("text", "written"),
    [("1.0", "1"), ("1.5", "1.5"), ("9007199254740993", "9007199254740992"), ('"<&>"', r'"\u003c\u0026\u003e"')],
)
def test_values_are_written_as_dagger_does(text: str, written: str) -> None:
    assert JsonValue(text=text).at([]).text == written


def test_a_value_of_the_type_is_given() -> None:
    assert [JsonValue(text=text).string() for text in ('"x"', "null")] == ["x", ""]
    assert [JsonValue(text=text).integer() for text in ("-1", "null")] == [-1, 0]
    assert JsonValue(text="false").boolean() is False
    assert [item.text for item in JsonValue(text="[1, {}]").items()] == ["1", "{}"]
    assert TREE.fields() == ["a", "n"]


def test_a_value_of_another_type_is_refused() -> None:
    number, null = JsonValue(text="1.5"), JsonValue()
    for ask in (number.string, number.integer, JsonValue(text="true").integer, null.boolean, null.items, null.fields):
        with pytest.raises(InvalidRequest):
            ask()
