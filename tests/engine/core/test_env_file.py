"""Dotenv files: lines, and variables that use one another."""

from __future__ import annotations

import pytest

from engine.core.env_file import EnvFile
from engine.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("A=1\nB=two   words\n", {"A": "1", "B": "two   words"}),
        ("# comment\n\n  \n  A=1  ", {"A": "1"}),
        ("A=", {"A": ""}),
        ("A=b=c", {"A": "b=c"}),
        ("A=1\nB=2\nA=3", {"A": "3", "B": "2"}),
        ("B=$A-b\nA=a", {"B": "a-b", "A": "a"}),
        ('a="dog"\nm="nice ${a}"\ns="said $m"', {"a": "dog", "m": "nice dog", "s": "said nice dog"}),
    ],
)
def test_a_line_is_a_name_and_a_value(text: str, variables: dict[str, str]) -> None:
    assert EnvFile.parse(text).variables() == variables


@pytest.mark.parametrize("line", ["export A=1", "A = 1", "no equals sign", "=x", "1A=x", "my.key=1", "A=$NO", "A=$A"])
def test_a_line_without_a_meaning_is_an_error_of_the_values_and_not_of_the_file(line: str) -> None:
    file = EnvFile.parse(f"{line}\nB=1")
    assert file.get("B", raw=True) == "1"
    with pytest.raises(InvalidRequest):
        file.variables()


def test_variables_in_a_circle_have_no_value() -> None:
    with pytest.raises(InvalidRequest, match="unbound variable"):
        EnvFile.parse("A=$B\nB=$C\nC=$A").get("A", raw=False)


def test_a_raw_value_is_as_it_was_written() -> None:
    assert EnvFile.parse('A=1\nX="$A"').get("X", raw=True) == '"$A"'


@pytest.mark.parametrize("raw", [True, False])
def test_a_missing_variable_is_empty(*, raw: bool) -> None:
    assert EnvFile().get("NOPE", raw=raw) == ""


def test_a_variable_set_again_stays_where_it_was() -> None:
    assert EnvFile.parse("A=1\nB=2").with_variable("A", "3").raw == (("A", "3"), ("B", "2"))


def test_a_variable_may_be_left_out_that_is_not_there() -> None:
    assert EnvFile.parse("A=1").without_variable("A").without_variable("B") == EnvFile()


@pytest.mark.parametrize("prefix", ["MY_APP", "my_app_", "my-app", "myApp"])
def test_a_namespace_holds_what_starts_with_its_prefix(prefix: str) -> None:
    file = EnvFile.parse("MY_APP_A=1\nmyApp_B=$C\nMY_APPLE=3\nC=4")
    assert file.namespace(prefix).raw == (("A", "1"), ("B", "4"))


def test_the_text_can_be_read_back() -> None:
    file = EnvFile.parse("A=1\nB='$A'")
    assert EnvFile.parse(file.text()) == file
