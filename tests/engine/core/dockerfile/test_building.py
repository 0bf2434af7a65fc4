"""What instructions do to a stage's configuration."""

from __future__ import annotations

import pytest

from engine.core.container import Container
from engine.core.dockerfile.building import Building, arguments_of, configured, platform_arguments
from engine.core.dockerfile.commands import Arg
from engine.core.dockerfile.syntax import instructions
from engine.core.dockerfile.understanding import understood
from engine.core.image_config import Healthcheck
from engine.core.platform import Platform
from engine.errors import InvalidRequest

AMD, ARM = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")


def after(text, **state):
    building = Building(container=Container(platform=AMD), **state)
    for instruction in instructions(text):
        building = configured(building, understood(instruction).step)
    return building


def test_an_argument_is_given_or_defaulted_or_comes_from_outside():
    outside = {"A": "outside", "B": "outside"}
    building = after("ARG A\nARG B=default\nARG C=$A\nARG D\nARG E=x", outside=outside, given={"E": "given", "F": "f"})
    assert building.arguments == {"A": "outside", "B": "default", "C": "outside", "E": "given"}


def test_proxies_need_no_declaration():
    assert after("", given={"http_proxy": "p", "OTHER": "x"}).variables == {"http_proxy": "p"}


def test_variables_of_the_image_win_over_arguments():
    assert after("ARG A=1\nENV A=2\nARG A=3").expand("$A") == "2"


def test_arguments_before_the_first_stage_see_each_other():
    steps = (Arg(defaults=(("A", "1"),)), Arg(defaults=(("B", "$A$TARGETARCH"), ("C", None))))
    found = arguments_of(steps, {"A": "2"}, platform_arguments(AMD, ARM), "\\")
    assert (found["A"], found["B"], found.get("C")) == ("2", "2arm64", None)


def test_a_command_belongs_to_its_entrypoint():
    both = after('CMD ["c"]\nENTRYPOINT ["e"]').container.config
    assert (both.entrypoint, both.default_args) == (("e",), ("c",))
    text = after('SHELL ["bash", "-c"]\nENTRYPOINT e x\nCMD').container.config
    assert (text.entrypoint, text.default_args) == (("bash", "-c", "e x"), ())


@pytest.mark.parametrize(
    ("text", "ports"),
    [("80", ["80/tcp"]), ("80/UDP 81", ["80/udp", "81/tcp"]), ("1-3/sctp", ["1/sctp", "2/sctp", "3/sctp"])],
)
def test_ports_are_declared(text, ports):
    assert list(after(f"EXPOSE {text}").container.config.exposed_ports) == ports


@pytest.mark.parametrize("text", ["x", "0", "65536", "3-1", "80/icmp"])
def test_what_is_no_port_is_an_error(text):
    with pytest.raises(InvalidRequest, match="invalid containerPort"):
        after(f"EXPOSE {text}")


def test_a_health_check_replaces_the_one_before():
    assert after("HEALTHCHECK CMD a b").container.config.healthcheck == Healthcheck(test=("CMD-SHELL", "a b"))
    assert after('HEALTHCHECK CMD ["a"]\nHEALTHCHECK NONE').container.config.healthcheck == Healthcheck(test=("NONE",))
