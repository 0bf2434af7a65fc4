"""The one text that stands for a value."""

from __future__ import annotations

import pytest

from engine.core.digest import canonical, digest_of, digest_of_bytes


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, b'{"a":[true,null,"x"],"b":1}'),
        ("é", '"é"'.encode()),
        ("\udcff", b'"\xff"'),
        ((1, 2), b"[1,2]"),
    ],
)
def test_a_value_has_one_text(value: object, text: bytes) -> None:
    assert canonical(value) == text


def test_the_order_of_names_does_not_count() -> None:
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})


def test_the_order_of_a_list_counts() -> None:
    assert digest_of(["a", "b"]) != digest_of(["b", "a"])


@pytest.mark.parametrize(("one", "other"), [("1", 1), (["ab"], ["a", "b"]), ("", None), ({"a": None}, {})])
def test_other_values_have_another_digest(one: object, other: object) -> None:
    assert digest_of(one) != digest_of(other)


def test_the_digest_of_bytes_is_their_sha256() -> None:
    # FIPS 180-4, the empty message.
    assert digest_of_bytes(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
