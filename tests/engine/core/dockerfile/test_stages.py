"""Stages of a Dockerfile, and how they find each other."""

from __future__ import annotations

import pytest

from engine.core.dockerfile.commands import Arg
from engine.core.dockerfile.error import DockerfileError
from engine.core.dockerfile.stages import parse_dockerfile
from engine.errors import InvalidRequest

TEXT = """ARG A=1
FROM image AS One
RUN x
FROM one
FROM scratch AS one
"""


@pytest.fixture
def parsed():
    return parse_dockerfile(TEXT)


def test_arguments_before_the_first_stage_are_for_all(parsed):
    assert [placed.step for placed in parsed.arguments] == [Arg(defaults=(("A", "1"),))]
    assert [len(stage.steps) for stage in parsed.stages] == [1, 0, 0]


def test_a_target_is_named_or_numbered_or_the_last(parsed):
    assert parsed.target("").number == 2
    assert parsed.target("ONE").number == 2
    assert parsed.target("0").number == 0
    for name in ("two", "3"):
        with pytest.raises(InvalidRequest, match="could not be found"):
            parsed.target(name)


def test_a_stage_begins_with_an_earlier_one_only(parsed):
    one, two, three = parsed.stages
    assert parsed.base(two, "one") is one
    assert parsed.base(one, "one") is None
    assert parsed.base(three, "0") is None, "numbers are for --from"
    assert parsed.find("0", before=2) is one
    assert parsed.find("2", before=2) is None


def test_nothing_but_arguments_comes_before_a_stage():
    with pytest.raises(DockerfileError, match="line 2: no build stage"):
        parse_dockerfile("ARG A\nENV B=1\nFROM x\n")


@pytest.mark.parametrize("text", ["", "# only this\n", "ARG A\n"])
def test_a_dockerfile_needs_a_stage(text):
    with pytest.raises(InvalidRequest, match="has no FROM"):
        parse_dockerfile(text)
