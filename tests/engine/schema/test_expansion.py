"""Variables of a container in arguments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.container import Container
from engine.core.digest import digest_of
from engine.core.platform import Platform
from engine.core.secret import Secret
from engine.errors import InvalidRequest
from engine.schema.expansion import expanded

SECRET = Secret(name="s", identity=digest_of("s"), handle="h")
CONTAINER = replace(
    Container(platform=Platform.parse("linux/amd64")).with_config(env=(("A", "1"), ("S", "shown"))),
    secret_variables=(("S", SECRET),),
    volatile_variables=(("V", "x"),),
)


def test_nothing_is_expanded_unless_asked() -> None:
    assert expanded(CONTAINER, "$A$S$V", expand=False) == "$A$S$V"


def test_variables_of_the_image_are_expanded_and_unknown_ones_are_empty() -> None:
    assert expanded(CONTAINER, "[$A$PATH$HOME]", expand=True) == "[1]"


@pytest.mark.parametrize(("text", "kind"), [("$S", "secret"), ("${V}", "volatile")])
def test_variables_that_only_commands_see_are_refused(text: str, kind: str) -> None:
    name = text.strip("${}")
    with pytest.raises(InvalidRequest, match=rf'^expand cannot be used with {kind} env variable "{name}"$'):
        expanded(CONTAINER, text, expand=True)
