"""The configuration of an image: JSON both ways, and what `from` makes of two."""

from __future__ import annotations

import json

import pytest

from engine.core.image_config import Healthcheck, ImageConfig
from engine.errors import ImageError

_SECOND = 1_000_000_000

_EVERYTHING = {
    "User": "12:34",
    "ExposedPorts": {"53/udp": {}, "80/tcp": {}},
    "Env": ["A=1", "B=a=b c"],
    "Entrypoint": ["/f", "x"],
    "Cmd": ["y", "z"],
    "Volumes": {"/data": {}},
    "WorkingDir": "/w",
    "Labels": {"l": "v"},
    "StopSignal": "SIGINT",
    "ArgsEscaped": True,
    "Healthcheck": {
        "Test": ["CMD", "check", "it"],
        "Interval": 30 * _SECOND,
        "Timeout": 3 * _SECOND,
        "StartPeriod": 5 * _SECOND,
        "StartInterval": _SECOND,
        "Retries": 4,
    },
    "OnBuild": ["RUN true"],
    "Shell": ["/bin/bash", "-c"],
}


def test_every_field_survives_the_way_through_the_value() -> None:
    assert json.dumps(ImageConfig.from_json(_EVERYTHING).to_json()) == json.dumps(_EVERYTHING)


def test_an_empty_configuration_is_an_empty_object() -> None:
    assert ImageConfig().to_json() == {}
    assert ImageConfig.from_json({}) == ImageConfig()


def test_what_is_set_to_nothing_is_not_written() -> None:
    config = ImageConfig(entrypoint=(), default_args=(), healthcheck=None)
    assert config.to_json() == {}
    assert config != ImageConfig()


def test_null_is_as_if_it_were_not_there() -> None:
    assert ImageConfig.from_json(dict.fromkeys(_EVERYTHING)) == ImageConfig()


def test_a_variable_that_is_named_twice_keeps_its_place_and_takes_the_last_value() -> None:
    assert ImageConfig.from_json({"Env": ["A=1", "B=2", "A=3", "C"]}).env == (("A", "3"), ("B", "2"), ("C", ""))


def test_labels_and_ports_are_written_in_order() -> None:
    config = ImageConfig(labels=(("b", "1"), ("a", "2")), exposed_ports=("80/tcp", "53/udp"))
    assert (
        json.dumps(config.to_json()) == '{"ExposedPorts": {"53/udp": {}, "80/tcp": {}}, "Labels": {"a": "2", "b": "1"}}'
    )


@pytest.mark.parametrize(
    ("test", "shell", "args"),
    [
        (("CMD", "a", "b"), False, ("a", "b")),
        (("CMD-SHELL", "a && b"), True, ("a && b",)),
        (("NONE",), False, ()),
        ((), False, ()),
    ],
)
def test_a_healthcheck_says_how_its_command_is_run(test: tuple[str, ...], shell: bool, args: tuple[str, ...]) -> None:  # noqa: FBT001
    check = Healthcheck.from_json({"Test": list(test)})
    assert (check.shell, check.args) == (shell, args)


def test_from_merges_environment_labels_and_ports_and_takes_the_rest_from_the_image() -> None:
    before = ImageConfig(
        env=(("BEFORE", "1"), ("BOTH", "old")),
        labels=(("l", "v"), ("both", "old")),
        exposed_ports=("22/tcp",),
        on_build=("one",),
        user="7",
        workdir="/before",
        default_args=("before",),
        stop_signal="SIGINT",
    )
    image = ImageConfig(
        env=(("IMAGE", "2"), ("BOTH", "new")),
        labels=(("both", "new"),),
        exposed_ports=("80/tcp", "22/tcp"),
        on_build=("two",),
        entrypoint=("e",),
    )
    assert before.merge_from(image) == ImageConfig(
        env=(("BEFORE", "1"), ("BOTH", "new"), ("IMAGE", "2")),
        labels=(("l", "v"), ("both", "new")),
        exposed_ports=("22/tcp", "80/tcp"),
        on_build=("one", "two"),
        entrypoint=("e",),
    )


@pytest.mark.parametrize("data", [{"Env": "A=1"}, {"Cmd": [1]}, {"Labels": ["x"]}, {"User": 7}, {"Volumes": "/x"}])
def test_a_field_of_the_wrong_type_is_an_error_that_names_it(data: dict[str, object]) -> None:
    with pytest.raises(ImageError, match=next(iter(data))):
        ImageConfig.from_json(data)
