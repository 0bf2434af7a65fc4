"""A stage that is being built, and what the instructions do to it that touch no file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.core.container import set_pair
from engine.core.dockerfile.commands import (
    Arg,
    Cmd,
    Command,
    Entrypoint,
    Env,
    Expose,
    HealthCheck,
    Label,
    Maintainer,
    OnBuild,
    Shell,
    StopSignal,
    User,
    Volume,
)
from engine.core.dockerfile.variables import expanded, expanded_words
from engine.core.image_config import Healthcheck
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.core.container import Container
    from engine.core.dockerfile.commands import Pairs, Step
    from engine.core.platform import Platform

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHELL = ("/bin/sh", "-c")
_AUTHORS = "org.opencontainers.image.authors"  # OCI image specification, annotations.md
_PORT = re.compile(r"(\d+)(?:-(\d+))?(?:/(tcp|udp|sctp))?")
_HIGHEST_PORT = 65535
_WITHOUT_ARG = frozenset(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (upper, upper.lower())
)
"""Arguments that every stage takes without an ARG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A stage, as far as it is."""

    container: Container
    given: Mapping[str, str] = field(default_factory=dict)
    """Arguments of the caller: they win over defaults."""
    outside: Mapping[str, str] = field(default_factory=dict)
    """Arguments from before the first FROM, and those about platforms: an ARG without default takes them."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Arguments that were declared."""
    cmd_set: bool = False
    escape: str = "\\"

    @property
    def variables(self) -> dict[str, str]:
        """What instructions and commands see; variables of the image win over arguments."""
        always = {name: value for name, value in self.given.items() if name in _WITHOUT_ARG}
        return {**always, **self.arguments, **dict(self.container.config.env)}

    def expand(self, word: str) -> str:
        """Replace variables in a word and take its quotes away; raises InvalidRequest."""
        return expanded(word, self.variables, escape=self.escape)

    def argv(self, command: Command) -> tuple[str, ...]:
        """Give the words that run a command."""
        if not command.for_shell:
            return command.words
        return (*(self.container.config.shell or _SHELL), *command.words)

    def with_config(self, **changes: object) -> Building:
        """Change fields of the image configuration."""
        return replace(self, container=self.container.with_config(**changes))


def configured(building: Building, step: Step) -> Building | None:
    """Carry out an instruction that touches no file; None for one that does. Raises InvalidRequest."""
    match step:
        case Arg():
            return _with_arguments(building, step)
        case Env() | Label() | Maintainer():
            return _with_pairs(building, step)
        case Entrypoint() | Cmd() | Shell():
            return _with_command(building, step)
    return _declared(building, step)


def _declared(building: Building, step: Step) -> Building | None:
    config = building.container.config
    changes: dict[str, object] = {}
    match step:
        case User():
            changes = {"user": building.expand(step.name)}
        case HealthCheck():
            changes = {"healthcheck": _healthcheck(step)}
        case Expose():
            words = expanded_words(step.ports, building.variables, escape=building.escape)
            ports = [port for word in words for port in _ports(word)]
            changes = {"exposed_ports": tuple(dict.fromkeys((*config.exposed_ports, *ports)))}
        case Volume():
            paths = [building.expand(path) for path in step.paths]
            changes = {"volumes": tuple(dict.fromkeys((*config.volumes, *paths)))}
        case StopSignal():
            changes = {"stop_signal": building.expand(step.signal)}
        case OnBuild():
            changes = {"on_build": (*config.on_build, step.text)}
    return building.with_config(**changes) if changes else None


def arguments_of(
    steps: tuple[Arg, ...], given: Mapping[str, str], outside: Mapping[str, str], escape: str
) -> dict[str, str]:
    """Work out the arguments before the first FROM, with those that are there in any case."""
    known = dict(outside)
    for step in steps:
        for name, default in step.defaults:
            value = given.get(name, None if default is None else expanded(default, known, escape=escape))
            if value is not None:
                known[name] = value
    return known


def platform_arguments(build: Platform, target: Platform, stage: str = "default") -> dict[str, str]:
    """Give the arguments about platforms (docs.docker.com/build/building/variables, multi-platform)."""
    found = {"TARGETSTAGE": stage}
    for prefix, platform in (("BUILD", build), ("TARGET", target)):
        found |= {
            f"{prefix}PLATFORM": str(platform),
            f"{prefix}OS": platform.os,
            f"{prefix}ARCH": platform.architecture,
            f"{prefix}VARIANT": platform.variant,
        }
    return found


def _with_arguments(building: Building, step: Arg) -> Building:
    for written, default in step.defaults:
        name = building.expand(written)
        value = building.given.get(name)
        if value is None:
            value = building.outside.get(name) if default is None else building.expand(default)
        if value is not None:
            building = replace(building, arguments={**building.arguments, name: value})
    return building


def _with_pairs(building: Building, step: Env | Label | Maintainer) -> Building:
    config = building.container.config
    if isinstance(step, Env):
        return building.with_config(env=_pairs(config.env, step.pairs, building))
    if isinstance(step, Label):
        return building.with_config(labels=_pairs(config.labels, step.pairs, building))
    return building.with_config(labels=set_pair(config.labels, _AUTHORS, step.name))


def _pairs(old: Pairs, new: Pairs, building: Building) -> Pairs:
    """All new values see the variables as they were before."""
    for name, value in new:
        old = set_pair(old, building.expand(name), building.expand(value))
    return old


def _with_command(building: Building, step: Entrypoint | Cmd | Shell) -> Building:
    if isinstance(step, Shell):
        return building.with_config(shell=step.words)
    argv = building.argv(step.command)
    if isinstance(step, Cmd):
        return replace(building.with_config(default_args=argv), cmd_set=True)
    changed = building.with_config(entrypoint=argv)
    # Arguments of the base image are not meant for another entrypoint.
    return changed if building.cmd_set else changed.with_config(default_args=None)


def _ports(word: str) -> list[str]:
    match = _PORT.fullmatch(word.lower())
    first, last = (int(match.group(1)), int(match.group(2) or match.group(1))) if match else (0, 0)
    if match is None or not 0 < first <= last <= _HIGHEST_PORT:
        raise InvalidRequest(f"invalid containerPort: {word}")
    return [f"{port}/{match.group(3) or 'tcp'}" for port in range(first, last + 1)]


def _healthcheck(step: HealthCheck) -> Healthcheck:
    if step.command is None:
        return Healthcheck(test=("NONE",))
    return Healthcheck(
        test=("CMD-SHELL" if step.command.for_shell else "CMD", *step.command.words),
        interval=step.interval,
        timeout=step.timeout,
        start_period=step.start_period,
        start_interval=step.start_interval,
        retries=step.retries,
    )
