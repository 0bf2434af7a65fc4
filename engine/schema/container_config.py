"""Fields of Container that read or change its configuration; none of them touches its files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core import workdir
from engine.core.container import set_pair, without_first, without_pair
from engine.core.duration import format_duration, parse_duration
from engine.core.image_config import Healthcheck
from engine.core.port import Port, Protocol
from engine.errors import EngineError, InvalidRequest
from engine.schema.env_file import Named
from engine.schema.expansion import expanded
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from engine.core.container import Container
    from engine.core.env_file import EnvFile
    from engine.core.secret import Secret
    from engine.session.session import Session

fields = Fields("Container")
healthcheck = Fields("HealthcheckConfig")


@fields.leaf("workdir")
def workdir_(_session: Session, receiver: Container) -> str:
    return receiver.config.workdir


@fields.leaf("user")
def user(_session: Session, receiver: Container) -> str:
    return receiver.config.user


@fields.leaf("entrypoint")
def entrypoint(_session: Session, receiver: Container) -> list[str]:
    return list(receiver.config.entrypoint or ())


@fields.leaf("defaultArgs")
def default_args(_session: Session, receiver: Container) -> list[str]:
    return list(receiver.config.default_args or ())


@fields.leaf("envVariable")
def env_variable(_session: Session, receiver: Container, *, name: str) -> str | None:
    return receiver.env_variable(name)


@fields.leaf("envVariables")
def env_variables(_session: Session, receiver: Container) -> list[Named]:
    return [Named(name, value) for name, value in receiver.config.env]


@fields.leaf("label")
def label(_session: Session, receiver: Container, *, name: str) -> str | None:
    return dict(receiver.config.labels).get(name)


@fields.leaf("labels")
def labels(_session: Session, receiver: Container) -> list[Named]:
    return [Named(name, value) for name, value in sorted(receiver.config.labels)]


@fields.leaf("exposedPorts")
def exposed_ports(_session: Session, receiver: Container) -> list[Port]:
    described = {port.spec: port for port in receiver.ports}
    found = [described.get(spec) or Port.from_spec(spec) for spec in receiver.config.exposed_ports]
    return sorted(found, key=lambda port: (port.port, port.protocol.value))


@fields.leaf("mounts")
def mounts(_session: Session, receiver: Container) -> list[str]:
    return [mount.target for mount in receiver.mounts]


@fields.leaf("platform")
def platform(_session: Session, receiver: Container) -> str:
    return str(receiver.platform)


@fields.leaf("imageRef")
def image_ref(_session: Session, receiver: Container) -> str:
    if not receiver.image_ref:
        raise InvalidRequest(
            "Image reference can only be retrieved immediately after the 'Container.From' call. "
            "Error in fetching imageRef as the container image is changed"
        )
    return receiver.image_ref


@fields.lazy("withWorkdir")
def with_workdir(_session: Session, receiver: Container, *, path: str, expand: bool) -> Container:
    path = expanded(receiver, path, expand=expand)
    return receiver.with_config(workdir=workdir.changed(receiver.config.workdir, path))


@fields.lazy("withoutWorkdir")
def without_workdir(_session: Session, receiver: Container) -> Container:
    return receiver.with_config(workdir="")


@fields.lazy("withUser")
def with_user(_session: Session, receiver: Container, *, name: str) -> Container:
    return receiver.with_config(user=name)


@fields.lazy("withoutUser")
def without_user(_session: Session, receiver: Container) -> Container:
    return receiver.with_config(user="")


@fields.lazy("withEntrypoint")
def with_entrypoint(_session: Session, receiver: Container, *, args: list[str], keep_default_args: bool) -> Container:
    return _entrypoint(receiver, tuple(args), keep_default_args=keep_default_args)


@fields.lazy("withoutEntrypoint")
def without_entrypoint(_session: Session, receiver: Container, *, keep_default_args: bool) -> Container:
    return _entrypoint(receiver, None, keep_default_args=keep_default_args)


def _entrypoint(container: Container, args: tuple[str, ...] | None, *, keep_default_args: bool) -> Container:
    if not keep_default_args:
        container = replace(container.with_config(default_args=None), default_args_set=False)
    return container.with_config(entrypoint=args)


@fields.lazy("withDefaultArgs")
def with_default_args(_session: Session, receiver: Container, *, args: list[str]) -> Container:
    return replace(receiver.with_config(default_args=tuple(args)), default_args_set=True)


@fields.lazy("withoutDefaultArgs")
def without_default_args(_session: Session, receiver: Container) -> Container:
    return replace(receiver.with_config(default_args=None), default_args_set=False)


@fields.lazy("withEnvVariable")
def with_env_variable(_session: Session, receiver: Container, *, name: str, value: str, expand: bool) -> Container:
    value = expanded(receiver, value, expand=expand)
    return receiver.with_config(env=set_pair(receiver.config.env, name, value))


@fields.lazy("withoutEnvVariable")
def without_env_variable(_session: Session, receiver: Container, *, name: str) -> Container:
    return receiver.with_config(env=without_pair(receiver.config.env, name))


@fields.lazy("withEnvFileVariables")
def with_env_file_variables(_session: Session, receiver: Container, *, source: EnvFile) -> Container:
    env = receiver.config.env
    for name, value in source.variables().items():
        env = set_pair(env, name, value)
    return receiver.with_config(env=env)


@fields.lazy("withVolatileVariable")
def with_volatile_variable(_session: Session, receiver: Container, *, name: str, value: str) -> Container:
    return receiver.changed(volatile_variables=set_pair(receiver.volatile_variables, name, value))


@fields.lazy("withoutVolatileVariable")
def without_volatile_variable(_session: Session, receiver: Container, *, name: str) -> Container:
    return receiver.changed(volatile_variables=without_pair(receiver.volatile_variables, name))


@fields.lazy("withSecretVariable")
def with_secret_variable(_session: Session, receiver: Container, *, name: str, secret: Secret) -> Container:
    return receiver.changed(secret_variables=(*receiver.secret_variables, (name, secret)))


@fields.lazy("withoutSecretVariable")
def without_secret_variable(_session: Session, receiver: Container, *, name: str) -> Container:
    return receiver.changed(secret_variables=without_first(receiver.secret_variables, lambda pair: pair[0] == name))


@fields.lazy("withLabel")
def with_label(_session: Session, receiver: Container, *, name: str, value: str) -> Container:
    return receiver.with_config(labels=set_pair(receiver.config.labels, name, value))


@fields.lazy("withoutLabel")
def without_label(_session: Session, receiver: Container, *, name: str) -> Container:
    return receiver.with_config(labels=without_pair(receiver.config.labels, name))


@fields.lazy("withAnnotation")
def with_annotation(_session: Session, receiver: Container, *, name: str, value: str) -> Container:
    return receiver.changed(annotations=(*receiver.annotations, (name, value)))


@fields.lazy("withoutAnnotation")
def without_annotation(_session: Session, receiver: Container, *, name: str) -> Container:
    return receiver.changed(annotations=without_first(receiver.annotations, lambda pair: pair[0] == name))


@fields.lazy("withExposedPort")
def with_exposed_port(
    _session: Session,
    receiver: Container,
    *,
    port: int,
    protocol: str,
    description: str | None = None,
    experimental_skip_healthcheck: bool,
) -> Container:
    new = Port(
        port=port,
        protocol=Protocol(protocol),
        description=description,
        experimental_skip_healthcheck=experimental_skip_healthcheck,
    )
    ports = tuple(new if old.spec == new.spec else old for old in receiver.ports)
    specs = dict.fromkeys((*receiver.config.exposed_ports, new.spec))
    return receiver.with_config(exposed_ports=tuple(specs)).changed(ports=ports if new in ports else (*ports, new))


@fields.lazy("withoutExposedPort")
def without_exposed_port(_session: Session, receiver: Container, *, port: int, protocol: str) -> Container:
    gone = Port(port=port, protocol=Protocol(protocol)).spec
    ports = tuple(old for old in receiver.ports if old.spec != gone)
    # As in Dagger, the ports that came with the image go too: only the known ones are written again.
    return receiver.with_config(exposed_ports=tuple(port.spec for port in ports)).changed(ports=ports)


@fields.lazy("withDockerHealthcheck")
def with_docker_healthcheck(
    _session: Session,
    receiver: Container,
    *,
    args: list[str],
    shell: bool | None = None,
    interval: str | None = None,
    timeout: str | None = None,
    start_period: str | None = None,
    start_interval: str | None = None,
    retries: int | None = None,
) -> Container:
    if not args:
        raise InvalidRequest("WithHealthcheck args is missing")
    if shell and len(args) > 1:
        raise InvalidRequest("WithHealthcheck args must be a single element when shell mode is set")
    check = Healthcheck(
        test=("CMD-SHELL" if shell else "CMD", *args),
        interval=_nanoseconds(interval),
        timeout=_nanoseconds(timeout),
        start_period=_nanoseconds(start_period),
        start_interval=_nanoseconds(start_interval),
        retries=retries or 0,
    )
    return receiver.with_config(healthcheck=check)


def _nanoseconds(duration: str | None) -> int:
    return parse_duration(duration) if duration else 0


@fields.lazy("withoutDockerHealthcheck")
def without_docker_healthcheck(_session: Session, receiver: Container) -> Container:
    return receiver.with_config(healthcheck=None)


@fields.leaf("dockerHealthcheck")
def docker_healthcheck(_session: Session, receiver: Container) -> Healthcheck | None:
    return receiver.config.healthcheck


@fields.lazy("withError")
def with_error(_session: Session, receiver: Container, *, err: str) -> Container:
    if err:
        raise EngineError(err)
    return receiver


@healthcheck.leaf("args")
def args(_session: Session, receiver: Healthcheck) -> list[str]:
    return list(receiver.args)


healthcheck.plain("shell", "retries")


def _duration(name: str) -> None:
    attribute = {"startPeriod": "start_period", "startInterval": "start_interval"}.get(name, name)
    healthcheck.leaf(name)(lambda _session, receiver: format_duration(getattr(receiver, attribute)))


for duration in ("interval", "timeout", "startPeriod", "startInterval"):
    _duration(duration)
