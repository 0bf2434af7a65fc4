"""Fields of Container that run commands, and that tell what the last one gave back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.exec import Exec, ReturnType
from engine.core.output import text
from engine.errors import InvalidRequest, NotSupported
from engine.schema.expansion import expanded
from engine.schema.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.core.container import Container, Executed
    from engine.core.digest import Digest
    from engine.session.session import Session

_MOST_OUTPUT = 128 << 20
"""Bytes of output that an answer has at most, as of a file's contents."""

fields = Fields("Container")


@fields.lazy("withExec")
async def with_exec(
    session: Session,
    receiver: Container,
    *,
    args: list[str],
    use_entrypoint: bool,
    stdin: str,
    redirect_stdin: str,
    redirect_stdout: str,
    redirect_stderr: str,
    expect: str,
    experimental_privileged_nesting: bool,
    insecure_root_capabilities: bool,
    expand: bool,
    no_init: bool,
) -> Container:
    if stdin and redirect_stdin:
        raise InvalidRequest("cannot set both stdin and redirectStdin")
    refuse_nesting("Container.withExec", nesting=experimental_privileged_nesting)
    argv = tuple(args or receiver.config.default_args or ())
    if use_entrypoint:
        argv = (*(receiver.config.entrypoint or ()), *argv)
    if not argv:
        raise InvalidRequest("no command has been set")
    redirects = [expanded(receiver, path, expand=expand) for path in (redirect_stdin, redirect_stdout, redirect_stderr)]
    command = Exec(
        container=receiver,
        args=tuple(expanded(receiver, arg, expand=expand) for arg in argv),
        stdin=stdin,
        redirect_stdin=redirects[0],
        redirect_stdout=redirects[1],
        redirect_stderr=redirects[2],
        expect=ReturnType(expect),
        init=not no_init,
        privileged=insecure_root_capabilities,
    )
    return await session.execs.run(command)


def refuse_nesting(field: str, *, nesting: bool) -> None:
    """Refuse experimentalPrivilegedNesting; raises NotSupported."""
    if nesting:
        raise NotSupported(f"{field}(experimentalPrivilegedNesting) is not supported by this engine")


def _executed(container: Container) -> Executed:
    if container.executed is None:
        raise InvalidRequest("no command has been set")
    return container.executed


def _output(session: Session, digest: Digest) -> str:
    size = session.blobs.path(digest).stat().st_size
    if size > _MOST_OUTPUT:
        raise InvalidRequest(
            f"the command wrote {size} bytes, and an answer has {_MOST_OUTPUT} at most; "
            "have it write to a file (redirectStdout, redirectStderr) and export that"
        )
    return text(session.blobs.get(digest))


@fields.leaf("stdout")
def stdout(session: Session, receiver: Container) -> str:
    return _output(session, _executed(receiver).stdout)


@fields.leaf("stderr")
def stderr(session: Session, receiver: Container) -> str:
    return _output(session, _executed(receiver).stderr)


@fields.leaf("combinedOutput")
def combined_output(session: Session, receiver: Container) -> str:
    return _output(session, _executed(receiver).combined)


@fields.leaf("exitCode")
def exit_code(_session: Session, receiver: Container) -> int:
    return _executed(receiver).exit_code


def service_args(container: Container, args: Sequence[str], *, use_entrypoint: bool, expand: bool) -> tuple[str, ...]:
    """Tell what a container runs as a service (dagger core/container.go); raises InvalidRequest for nothing."""
    entrypoint = container.config.entrypoint or ()
    with_entrypoint = use_entrypoint or (not args and bool(entrypoint) and not container.default_args_set)
    argv = tuple(args) or container.config.default_args or ()
    argv = (*entrypoint, *argv) if with_entrypoint else argv
    if not argv:
        raise InvalidRequest("no service command has been set")
    return tuple(expanded(container, arg, expand=expand) for arg in argv)


_NO_TERMINAL = "it has no interactive terminal"
fields.not_supported("terminal", _NO_TERMINAL)
fields.not_supported("withDefaultTerminalCmd", _NO_TERMINAL)
fields.not_supported("experimentalWithGPU", "it gives no GPUs to containers")
fields.not_supported("experimentalWithAllGPUs", "it gives no GPUs to containers")
