from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment


def test_a_required_variable_that_is_empty_is_named(monkeypatch):
    monkeypatch.setenv("EMR_X", " ")
    with pytest.raises(ImproperlyConfigured, match="EMR_X is not set: because"):
        environment.required("EMR_X", why="because")


@pytest.mark.parametrize(("word", "value"), [("1", True), ("Yes", True), ("off", False), ("0", False), ("", True)])
def test_a_flag_reads_yes_and_no(monkeypatch, word, value):
    monkeypatch.setenv("EMR_X", word)
    assert environment.flag("EMR_X", default=True) is value


@pytest.mark.parametrize(
    "read", [lambda: environment.flag("EMR_X", default=True), lambda: environment.whole_number("EMR_X", 1)]
)
def test_a_word_that_is_neither_is_refused(monkeypatch, read):
    monkeypatch.setenv("EMR_X", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="EMR_X is 'perhaps'"):
        read()


def test_words_are_split_at_commas_without_blanks(monkeypatch):
    monkeypatch.setenv("EMR_X", " a, ,b,")
    assert environment.words("EMR_X") == ["a", "b"]
    monkeypatch.setenv("EMR_X", ",")
    with pytest.raises(ImproperlyConfigured, match="no entry"):
        environment.required_words("EMR_X", why="because")
