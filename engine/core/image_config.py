"""What an image says about running it: the `config` object of the OCI image configuration, with Docker's additions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    """How to see that a container works (Docker's HEALTHCHECK); durations in nanoseconds, 0 for the default."""

    test: tuple[str, ...]
    """`("CMD", arg, …)`, `("CMD-SHELL", line)`, `("NONE",)`, or nothing: as the base image."""
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0

    @property
    def shell(self) -> bool:
        """Whether the one argument is a line for a shell."""
        return self.test[:1] == ("CMD-SHELL",)

    @property
    def args(self) -> tuple[str, ...]:
        """The command, without the word that says how it is run."""
        return self.test[1:]

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Healthcheck:
        """Read Docker's `Healthcheck` object."""
        return cls(
            test=_strings(data, "Test") or (),
            interval=_number(data, "Interval"),
            timeout=_number(data, "Timeout"),
            start_period=_number(data, "StartPeriod"),
            start_interval=_number(data, "StartInterval"),
            retries=_number(data, "Retries"),
        )

    def to_json(self) -> dict[str, object]:
        """Give Docker's `Healthcheck` object; only what is set."""
        return _set(
            Test=list(self.test),
            Interval=self.interval,
            Timeout=self.timeout,
            StartPeriod=self.start_period,
            StartInterval=self.start_interval,
            Retries=self.retries,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """Defaults of the containers of an image (OCI image specification, config.md, "config")."""

    env: Pairs = ()
    """In order; every name once."""
    user: str = ""
    workdir: str = ""
    entrypoint: tuple[str, ...] | None = None
    default_args: tuple[str, ...] | None = None
    """The image's `Cmd`. None: never set; empty: set to nothing. JSON has neither."""
    labels: Pairs = ()
    exposed_ports: tuple[str, ...] = ()
    """`80/tcp`."""
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None
    shell: tuple[str, ...] = ()
    on_build: tuple[str, ...] = ()
    args_escaped: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> ImageConfig:
        """Read the `config` object of an image; raises ImageError when a field has the wrong type."""
        health = data.get("Healthcheck")
        return cls(
            env=_merged((), (_pair(entry) for entry in _strings(data, "Env") or ())),
            user=_string(data, "User"),
            workdir=_string(data, "WorkingDir"),
            entrypoint=_strings(data, "Entrypoint"),
            default_args=_strings(data, "Cmd"),
            labels=_string_pairs(data, "Labels"),
            exposed_ports=_keys(data, "ExposedPorts"),
            volumes=_keys(data, "Volumes"),
            stop_signal=_string(data, "StopSignal"),
            healthcheck=Healthcheck.from_json(health) if isinstance(health, dict) else None,
            shell=_strings(data, "Shell") or (),
            on_build=_strings(data, "OnBuild") or (),
            args_escaped=bool(data.get("ArgsEscaped")),
        )

    def to_json(self) -> dict[str, object]:
        """Give the `config` object; only what is set, in the order of the specification."""
        return _set(
            User=self.user,
            ExposedPorts={port: {} for port in sorted(self.exposed_ports)},
            Env=[f"{name}={value}" for name, value in self.env],
            Entrypoint=list(self.entrypoint or ()),
            Cmd=list(self.default_args or ()),
            Volumes={volume: {} for volume in sorted(self.volumes)},
            WorkingDir=self.workdir,
            Labels=dict(sorted(self.labels)),
            StopSignal=self.stop_signal,
            ArgsEscaped=self.args_escaped,
            Healthcheck=self.healthcheck.to_json() if self.healthcheck else None,
            OnBuild=list(self.on_build),
            Shell=list(self.shell),
        )

    def merge_from(self, image: ImageConfig) -> ImageConfig:
        """Give what a container with this configuration has after `from` that image.

        Environment, labels and ports are merged, the image's values winning; ONBUILD lines are joined; all else is the
        image's.
        """
        return replace(
            image,
            env=_merged(self.env, image.env),
            labels=_merged(self.labels, image.labels),
            exposed_ports=tuple(dict.fromkeys((*self.exposed_ports, *image.exposed_ports))),
            on_build=(*self.on_build, *image.on_build),
        )


def _set(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}


def _merged(old: Pairs, new: Iterable[tuple[str, str]]) -> Pairs:
    """A name keeps its place and takes the new value."""
    return tuple((dict(old) | dict(new)).items())


def _pair(entry: str) -> tuple[str, str]:
    name, _, value = entry.partition("=")
    return name, value


def _wrong(name: str) -> ImageError:
    return ImageError(f'the image\'s configuration is malformed: "{name}" has the wrong type')


def _string(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(name)
    return value


def _number(data: Mapping[str, object], name: str) -> int:
    value = data.get(name)
    if value is None:
        return 0
    if not isinstance(value, int):
        raise _wrong(name)
    return value


def _strings(data: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(name)
    return tuple(value)


def _keys(data: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = data.get(name)
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise _wrong(name)
    return tuple(value)


def _string_pairs(data: Mapping[str, object], name: str) -> Pairs:
    value = data.get(name)
    if value is None:
        return ()
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise _wrong(name)
    return tuple(value.items())
