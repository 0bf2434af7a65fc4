"""Names of platforms."""

from __future__ import annotations

import pytest

from engine.core.platform import Platform, host
from engine.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/aarch64", "linux/arm64"),
        ("Linux/ARM64", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/7", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/i386", "linux/386"),
        ("macos/arm64", "darwin/arm64"),
        ("s390x", "linux/s390x"),
        ("aarch64", "linux/arm64"),
    ],
)
def test_every_spelling_has_one_normal_form(text: str, normal: str) -> None:
    assert str(Platform.parse(text)) == normal


@pytest.mark.parametrize(
    "text", ["", "/", "linux/", "linux/am d64", "x/y/z/w", "nonsense", "linux/*", "linux/arm/v7/x"]
)
def test_what_is_no_platform_is_named_in_the_error(text: str) -> None:
    with pytest.raises(InvalidRequest, match="invalid argument") as error:
        Platform.parse(text)
    assert f'"{text}"' in str(error.value)


def test_the_operating_system_alone_is_the_one_of_this_machine() -> None:
    assert Platform.parse("linux") == host()


def test_an_older_processor_variant_is_accepted_after_the_exact_one() -> None:
    assert [str(one) for one in Platform.parse("linux/arm/v7").accepted()] == [
        "linux/arm/v7",
        "linux/arm/v6",
        "linux/arm/v5",
    ]
    assert [str(one) for one in Platform.parse("linux/amd64/v3").accepted()] == [
        "linux/amd64/v3",
        "linux/amd64/v2",
        "linux/amd64",
    ]
    assert Platform.parse("linux/arm64").accepted() == (Platform.parse("linux/arm64"),)
