"""What instructions mean."""

from __future__ import annotations

import pytest

from engine.core.dockerfile.commands import (
    Arg,
    Cmd,
    Command,
    Copy,
    Entrypoint,
    Env,
    From,
    HealthCheck,
    Label,
    OnBuild,
    Run,
    RunMount,
    Shell,
    Volume,
)
from engine.core.dockerfile.error import DockerfileError
from engine.core.dockerfile.syntax import instructions
from engine.core.dockerfile.understanding import understood

SECOND = 1_000_000_000


def words(*found):
    return Command(words=found, for_shell=False)


def line(text):
    return Command(words=(text,), for_shell=True)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("FROM a", From(base="a")),
        ("FROM --platform=linux/arm64 a:1 As B-c.d", From(base="a:1", platform="linux/arm64", name="b-c.d")),
        ("ARG A B=c D=", Arg(defaults=(("A", None), ("B", "c"), ("D", "")))),
        ("ENV A=1 B='x y'", Env(pairs=(("A", "1"), ("B", "'x y'")))),
        ("ENV A b  c=d", Env(pairs=(("A", "b  c=d"),))),
        ('LABEL "a b"=c', Label(pairs=(('"a b"', "c"),))),
        ("RUN a && b", Run(command=line("a && b"))),
        ('RUN ["a", "b"]', Run(command=words("a", "b"))),
        ("RUN ['a']", Run(command=line("['a']"))),
        ("RUN --network=default --security=sandbox a", Run(command=line("a"))),
        (
            "RUN --mount=target=/x,ro --mount=type=cache,id=y,dst=/z a",
            Run(
                command=line("a"),
                mounts=(
                    RunMount(kind="bind", options=(("target", "/x"), ("ro", ""))),
                    RunMount(kind="cache", options=(("id", "y"), ("dst", "/z"))),
                ),
            ),
        ),
        ("CMD a b", Cmd(command=line("a b"))),
        ("CMD []", Cmd(command=words())),
        ("ENTRYPOINT", Entrypoint(command=words())),
        ('ENTRYPOINT ["a"]', Entrypoint(command=words("a"))),
        ("COPY a b", Copy(sources=("a",), target="b")),
        (
            "COPY --from=x --chown=1:2 --chmod=7 --link --exclude=p --exclude=q a b /c/",
            Copy(
                sources=("a", "b"), target="/c/", origin="x", chown="1:2", chmod="7", exclude=("p", "q")
            ),
        ),
        ('COPY ["a b", "c"]', Copy(sources=("a b",), target="c")),
        ("COPY a b $DIR", Copy(sources=("a", "b"), target="$DIR")),
        (
            "ADD --checksum=c --keep-git-dir --unpack=false a b",
            Copy(sources=("a",), target="b", add=True, checksum="c", keep_git_dir=True, unpack=False),
        ),
        ("VOLUME /a /b", Volume(paths=("/a", "/b"))),
        ('VOLUME ["/a b"]', Volume(paths=("/a b",))),
        ("HEALTHCHECK NONE", HealthCheck(command=None)),
        (
            "HEALTHCHECK --interval=1m --timeout=2s --start-period=3s --start-interval=4s --retries=5 CMD a b",
            HealthCheck(
                command=line("a b"),
                interval=60 * SECOND,
                timeout=2 * SECOND,
                start_period=3 * SECOND,
                start_interval=4 * SECOND,
                retries=5,
            ),
        ),
        ('SHELL ["a", "-c"]', Shell(words=("a", "-c"))),
        ("ONBUILD RUN a", OnBuild(text="RUN a")),
    ],
)  # fmt: skip
def test_an_instruction_is_understood(text, step):
    (instruction,) = instructions(text + "\n")
    assert understood(instruction).step == step


@pytest.mark.parametrize(
    "text",
    [
        "FROM", "FROM a b", "FROM a AS", "FROM a AS 1", "FROM --x a", "ARG", "ARG =1", "ENV A", "ENV A=1 B", "ENV =1",
        "RUN", "RUN --x a", "RUN []", "RUN --network=none a", "RUN --mount=type=x a", "COPY a", "COPY a b c",
        "COPY --checksum=x a b", "ADD --from=x a b", "COPY --chown=1 --chown=2 a b", "VOLUME", 'VOLUME [""]', "EXPOSE",
        "USER", "WORKDIR", "STOPSIGNAL", "HEALTHCHECK", "HEALTHCHECK a", "HEALTHCHECK CMD", "HEALTHCHECK NONE x",
        "HEALTHCHECK --retries=x CMD a", "HEALTHCHECK --interval=-1s CMD a", "SHELL a", "SHELL []", "ONBUILD",
        "ONBUILD ONBUILD RUN a", "ONBUILD FROM a", "ONBUILD MAINTAINER a", "ONBUILD FOO", "FOO a",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_an_error_with_its_line(text):
    (instruction,) = instructions(f"\n\n{text}\n")
    with pytest.raises(DockerfileError, match=r"^Dockerfile line 3: "):
        understood(instruction)
