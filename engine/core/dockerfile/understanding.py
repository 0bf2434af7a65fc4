"""Understand each kind of instruction."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.dockerfile.commands import (
    Arg,
    Cmd,
    Command,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    HealthCheck,
    Label,
    Maintainer,
    OnBuild,
    Placed,
    Run,
    RunMount,
    Shell,
    Step,
    StopSignal,
    User,
    Volume,
    Workdir,
)
from engine.core.dockerfile.error import DockerfileError
from engine.core.dockerfile.syntax import heredoc_marks, single
from engine.core.dockerfile.words import Words, json_list
from engine.core.duration import parse_duration
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.core.dockerfile.commands import Pairs
    from engine.core.dockerfile.syntax import Instruction

_STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_NOT_FOR_LATER = frozenset({"ONBUILD", "FROM", "MAINTAINER"})
_MOUNTS = frozenset({"bind", "cache", "tmpfs", "secret", "ssh"})


def understood(instruction: Instruction) -> Placed:
    """Give what an instruction means; raises DockerfileError, with its line."""
    understand = _KINDS.get(instruction.keyword)
    if understand is None:
        raise DockerfileError(instruction.line, f"unknown instruction: {instruction.keyword}")
    try:
        step = understand(instruction)
    except DockerfileError:
        raise
    except InvalidRequest as error:
        raise DockerfileError(instruction.line, f"{instruction.keyword}: {error}") from error
    return Placed(line=instruction.line, step=step, escape=instruction.escape)


def understood_later(text: str, line: int, escape: str) -> Placed:
    """Give what an instruction means that ONBUILD kept."""
    return understood(single(text, line, escape))


def _flags(instruction: Instruction, *known: str) -> dict[str, str]:
    """Flags by name, each given once; one without a value is on."""
    found: dict[str, str] = {}
    for name, value in instruction.flags:
        if name not in known:
            raise InvalidRequest(f"unknown flag: --{name}")
        if name in found:
            raise InvalidRequest(f"the flag --{name} is given twice")
        found[name] = "true" if value is None else value
    return found


def _is_on(flags: dict[str, str], name: str) -> bool:
    return flags.get(name, "false").lower() in ("true", "1")


def _needs(instruction: Instruction) -> str:
    if not instruction.rest:
        raise InvalidRequest("requires at least one argument")
    return instruction.rest


def _from(instruction: Instruction) -> Step:
    flags = _flags(instruction, "platform")
    words = Words(_needs(instruction), instruction.escape).split()
    base, *rest = words
    match rest:
        case []:
            name = ""
        case [word, name] if word.lower() == "as":
            name = name.lower()
            if not _STAGE_NAME.fullmatch(name):
                raise InvalidRequest(f'invalid name for build stage: "{name}"')
        case _:
            raise InvalidRequest("requires either one or three arguments: FROM IMAGE [AS NAME]")
    return From(base=base, platform=flags.get("platform", ""), name=name)


def _arg(instruction: Instruction) -> Step:
    defaults: list[tuple[str, str | None]] = []
    for word in Words(_needs(instruction), instruction.escape).split():
        name, equals, value = word.partition("=")
        if not name:
            raise InvalidRequest(f"names can not be blank: {word}")
        defaults.append((name, value if equals else None))
    return Arg(defaults=tuple(defaults))


def _pairs(instruction: Instruction) -> Pairs:
    """Read `NAME=VALUE …`, or the old `NAME VALUE` with all that is left as the value."""
    words = Words(_needs(instruction), instruction.escape)
    first, rest = words.first()
    if "=" not in first:
        if not rest:
            raise InvalidRequest(f"must have two arguments: {first} has no value")
        return ((first, rest),)
    pairs = []
    for word in words.split():
        name, equals, value = word.partition("=")
        if not equals:
            raise InvalidRequest(f"can't find = in {word!r}: must be of the form NAME=VALUE")
        if not name:
            raise InvalidRequest("names can not be blank")
        pairs.append((name, value))
    return tuple(pairs)


def _env(instruction: Instruction) -> Step:
    return Env(pairs=_pairs(instruction))


def _label(instruction: Instruction) -> Step:
    return Label(pairs=_pairs(instruction))


def _command(text: str) -> Command:
    words = json_list(text)
    return Command(words=(text,), for_shell=True) if words is None else Command(words=words, for_shell=False)


def _run(instruction: Instruction) -> Step:
    mounts = tuple(_mount(value or "") for name, value in instruction.flags if name == "mount")
    for name, value in instruction.flags:
        if name == "mount" or (name, value) in (("network", "default"), ("security", "sandbox")):
            continue
        if name in ("network", "security"):
            raise InvalidRequest(f"--{name}={value} is not supported by this engine")
        raise InvalidRequest(f"unknown flag: --{name}")
    text = _needs(instruction)
    if instruction.heredocs and len(instruction.heredocs) == 1 and _is_one_mark(text, instruction.escape):
        return Run(command=Command(words=(), for_shell=True), script=instruction.heredocs[0], mounts=mounts)
    if instruction.heredocs:
        text = f"{text}\n{instruction.following}"
    command = _command(text)
    if not command.words:
        raise InvalidRequest("requires at least one argument")
    return Run(command=command, mounts=mounts)


def _is_one_mark(text: str, escape: str) -> bool:
    return len(Words(text, escape).split()) == 1 and not text[0].isdecimal() and bool(heredoc_marks(text, escape))


def _mount(text: str) -> RunMount:
    options = []
    for field in text.split(","):
        name, _, value = field.partition("=")
        options.append((name.strip().lower(), value))
    kind = next((value.lower() for name, value in options if name == "type"), "bind")
    if kind not in _MOUNTS:
        raise InvalidRequest(f"--mount: type {kind!r} is not one of {', '.join(sorted(_MOUNTS))}")
    return RunMount(kind=kind, options=tuple(pair for pair in options if pair[0] != "type"))


def _copy(instruction: Instruction) -> Step:
    flags = [flag for flag in instruction.flags if flag[0] != "exclude"]
    exclude = tuple(value or "" for name, value in instruction.flags if name == "exclude")
    add = instruction.keyword == "ADD"
    only = ("checksum", "keep-git-dir", "unpack") if add else ("from", "parents")
    found = _flags(replace(instruction, flags=tuple(flags)), "chown", "chmod", "link", *only)
    words = json_list(instruction.rest) or tuple(instruction.rest.split())
    marks = {mark.group(): mark.group("name") for mark in heredoc_marks(instruction.rest, instruction.escape)}
    if len(words) < _LEAST_WORDS:
        raise InvalidRequest("requires at least two arguments: what to copy, and where to")
    *sources, target = words
    plain = tuple(word for word in sources if word.partition("<<")[2] not in marks)
    if len(sources) > 1 and not _means_directory(target):
        raise InvalidRequest("with more than one source the destination must be a directory and end with a /")
    return Copy(
        sources=plain,
        target=target,
        texts=instruction.heredocs,
        add=add,
        origin=found.get("from", ""),
        chown=found.get("chown", ""),
        chmod=found.get("chmod", ""),
        exclude=exclude,
        parents=_is_on(found, "parents"),
        checksum=found.get("checksum", ""),
        keep_git_dir=_is_on(found, "keep-git-dir"),
        unpack=_is_on(found, "unpack") if "unpack" in found else None,
    )


_LEAST_WORDS = 2


def _means_directory(target: str) -> bool:
    """Whether a destination can only be a directory; what a variable holds is not known yet."""
    return target.endswith(("/", "/.")) or target == "." or "$" in target


def _workdir(instruction: Instruction) -> Step:
    return Workdir(path=_needs(instruction))


def _user(instruction: Instruction) -> Step:
    return User(name=_needs(instruction))


def _entrypoint(instruction: Instruction) -> Step:
    return Entrypoint(command=_optional(instruction))


def _cmd(instruction: Instruction) -> Step:
    return Cmd(command=_optional(instruction))


def _optional(instruction: Instruction) -> Command:
    return _command(instruction.rest) if instruction.rest else Command(words=(), for_shell=False)


def _expose(instruction: Instruction) -> Step:
    return Expose(ports=_needs(instruction))


def _volume(instruction: Instruction) -> Step:
    words = json_list(_needs(instruction))
    paths = tuple(instruction.rest.split()) if words is None else words
    if not paths or any(not path.strip() for path in paths):
        raise InvalidRequest("specified volume can not be an empty string")
    return Volume(paths=paths)


def _stop_signal(instruction: Instruction) -> Step:
    return StopSignal(signal=_needs(instruction))


def _health_check(instruction: Instruction) -> Step:
    kind, rest = Words(_needs(instruction), instruction.escape).first()
    flags = _flags(instruction, "interval", "timeout", "start-period", "start-interval", "retries")
    if kind.upper() == "NONE":
        if rest or flags:
            raise InvalidRequest("NONE takes no arguments")
        return HealthCheck(command=None)
    if kind.upper() != "CMD" or not rest:
        raise InvalidRequest(f"must be CMD with a command, or NONE, not {kind}")
    retries = flags.get("retries", "0")
    if not retries.isdecimal():
        raise InvalidRequest(f"--retries must be a number, not {retries}")
    return HealthCheck(
        command=_command(rest),
        interval=_duration(flags, "interval"),
        timeout=_duration(flags, "timeout"),
        start_period=_duration(flags, "start-period"),
        start_interval=_duration(flags, "start-interval"),
        retries=int(retries),
    )


def _duration(flags: dict[str, str], name: str) -> int:
    nanoseconds = parse_duration(flags.get(name, "0"))
    if nanoseconds < 0:
        raise InvalidRequest(f"--{name} can not be negative")
    return nanoseconds


def _shell(instruction: Instruction) -> Step:
    words = json_list(_needs(instruction))
    if not words:
        raise InvalidRequest("requires the arguments to be in JSON form")
    return Shell(words=words)


def _on_build(instruction: Instruction) -> Step:
    keyword = Words(_needs(instruction), instruction.escape).first()[0].upper()
    if keyword in _NOT_FOR_LATER:
        raise InvalidRequest(f"{keyword} is not allowed as an ONBUILD trigger")
    understood_later(instruction.rest, instruction.line, instruction.escape)
    return OnBuild(text=instruction.rest)


def _maintainer(instruction: Instruction) -> Step:
    return Maintainer(name=_needs(instruction))


_KINDS: dict[str, Callable[[Instruction], Step]] = {
    "ADD": _copy,
    "ARG": _arg,
    "CMD": _cmd,
    "COPY": _copy,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _health_check,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _on_build,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _stop_signal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
