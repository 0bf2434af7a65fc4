"""Directory.dockerBuild through a real session: the base image comes from a registry on this machine."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import socket
import subprocess
import tarfile

import dagger
import pytest
import zstandard

from tests.git_repositories import new_repository
from tests.registries import running_registry
from tests.web_servers import web_server

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def image(base_archive, tmp_path_factory):
    """Address of the base image."""
    with running_registry(tmp_path_factory.mktemp("registry") / "r") as registry:
        address = f"{registry.host}/base:1"
        subprocess.run(
            [
                "skopeo",
                "copy",
                "--quiet",
                "--dest-tls-verify=false",
                f"oci-archive:{base_archive}",
                f"docker://{address}",
            ],
            check=True,
        )
        yield address


class Build:
    """A context that grows, and builds of it."""

    def __init__(self, dag: dagger.Client, image: str) -> None:
        self.dag = dag
        self.image = image
        self.context = dag.directory()

    def file(self, path, contents, mode=0o644):
        self.context = self.context.with_new_file(path, contents, permissions=mode)
        return self

    def __call__(self, text, *, path="Dockerfile", **options) -> dagger.Container:
        context = self.context.with_new_file(path, text.replace("@base", self.image))
        if path != "Dockerfile":
            options["dockerfile"] = path
        return context.docker_build(**options)

    async def fails(self, text, match, **options):
        with pytest.raises(dagger.QueryError, match=match):
            await self(text, **options).sync()


@pytest.fixture
def build(dag, image):
    return Build(dag, image)


async def cat(container, path):
    return await container.file(path).contents()


async def ls(container, *paths):
    found = container.without_entrypoint().with_user("0").with_exec(["stat", "-c", "%n %a %u:%g", *paths])
    return (await found.stdout()).splitlines()


# RUN.


async def test_commands_run_in_a_shell_or_as_they_are(build):
    built = build(
        """FROM @base
RUN echo "$0 $((1+1))" > /shell
RUN ["sh", "-c", "echo $0 > /exec", "me"]
SHELL ["/bin/bash", "-c"]
RUN echo $BASH > /bash
"""
    )
    assert [await cat(built, path) for path in ("/shell", "/exec", "/bash")] == ["/bin/sh 2\n", "me\n", "/bin/bash\n"]


async def test_lines_are_joined_and_comments_left_out(build):
    built = build("FROM @base\n# first\nRUN echo a \\\n   # between\n\n   b  > /f \\\n && echo c >> /f\n")
    assert await cat(built, "/f") == "a b\nc\n"


async def test_a_command_that_fails_is_an_exec_error(build):
    with pytest.raises(dagger.ExecError) as caught:
        await build("FROM @base\nRUN echo out && echo err >&2 && exit 7\n").sync()
    assert (caught.value.exit_code, caught.value.stdout, caught.value.stderr) == (7, "out", "err")


async def test_here_documents_are_scripts_and_inputs(build):
    built = build(
        """FROM @base
RUN <<EOF
A=1
echo "script $A" > /script
EOF
RUN <<-"EOF"
	#!/usr/bin/env python3
	open("/python", "w").write("by python\\n")
	EOF
RUN cat > /input <<ONE && cat > /second <<"TWO"
one $HOME
ONE
two $HOME
TWO
"""
    )
    found = [await cat(built, path) for path in ("/script", "/python", "/input", "/second")]
    assert found == ["script 1\n", "by python\n", "one /root\n", "two $HOME\n"]
    assert not await built.exists("/dev/pipes")


async def test_a_cache_is_kept_and_is_not_in_the_image(build, dag):
    mount = "--mount=type=cache,target=/c,id=of-this-test,sharing=locked"
    text = f"FROM @base\nARG N\nRUN {mount} echo $N >> /c/f && cp /c/f /f\n"
    for number in ("1", "2"):
        built = build(text, build_args=[dagger.BuildArg("N", number)])
        last = await cat(built, "/f")
    assert last == "1\n2\n"
    assert not await built.exists("/c")


async def test_a_cache_may_belong_to_a_user(build):
    built = build("FROM @base\nRUN --mount=type=cache,target=/c,uid=7,gid=8 stat -c %u:%g /c > /f\n")
    assert await cat(built, "/f") == "7:8\n"


async def test_binds_show_the_context_stages_and_images(build):
    build.file("src/a", "context")
    built = build(
        """FROM @base AS other
RUN echo stage > /made
FROM @base
RUN --mount=type=bind,source=src,target=/m cat /m/a > /1 && ! touch /m/new
RUN --mount=from=other,source=/made,target=/m cat /m > /2
RUN --mount=from=@base,source=/etc,target=/m test -e /m/passwd && echo image > /3
RUN --mount=target=/m,rw touch /m/new
RUN test ! -e /m/new
"""
    )
    assert [await cat(built, path) for path in ("/1", "/2", "/3")] == ["context", "stage\n", "image\n"]
    assert not await built.exists("/m")


async def test_tmpfs_is_empty_each_time(build):
    built = build(
        "FROM @base\nRUN --mount=type=tmpfs,target=/t,size=1m touch /t/f && stat -f -c %T /t > /f\nRUN test ! -e /t/f\n"
    )
    assert await cat(built, "/f") == "tmpfs\n"


async def test_secrets_are_files_or_variables_and_stay_out(build, dag):
    secret = dag.set_secret("token", "sesame")
    built = build(
        """FROM @base
RUN --mount=type=secret,id=token sha256sum < /run/secrets/token > /1 && stat -c %a:%u /run/secrets/token >> /1
RUN --mount=type=secret,id=token,target=/t,uid=7,mode=0440 stat -c %a:%u /t > /2
RUN --mount=type=secret,id=token,env=TOKEN test "$TOKEN" = sesame && ! ls /run/secrets/token
RUN --mount=type=secret,id=other test ! -e /run/secrets/other
""",
        secrets=[secret],
    )
    assert (await cat(built, "/1")).endswith(" -\n400:0\n")
    assert await cat(built, "/2") == "440:7\n"
    assert not await built.exists("/run/secrets")
    await build.fails("FROM @base\nRUN --mount=type=secret,id=x,required true\n", "line 2: .*no secret 'x' was given")


async def test_an_agent_is_there_for_the_commands_that_ask(build, dag, tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "agent"))
        listener.listen()
        agent = dag.host().unix_socket(str(tmp_path / "agent"))
        text = (
            "FROM @base\nRUN --mount=type=ssh,uid=5,required test -S $SSH_AUTH_SOCK && stat -c %u $SSH_AUTH_SOCK > /f\n"
        )
        built = build(text, ssh=agent)
        assert await cat(built, "/f") == "5\n"
        assert await built.env_variable("SSH_AUTH_SOCK") is None
        await build.fails(text, "line 2: .*no socket of an SSH agent")


async def test_what_run_can_not_do_is_said(build):
    await build.fails("FROM @base\nRUN --network=none true\n", "line 2: RUN: --network=none is not supported")
    await build.fails("FROM @base\nRUN --security=insecure true\n", "line 2: .*not supported")
    await build.fails("FROM @base\nRUN --mount=type=magic true\n", "line 2: .*type 'magic' is not one of")
    await build.fails(
        "FROM @base\nRUN --mount=type=cache,target=/c,mode=0700 true\n", "line 2: .*mode is not supported"
    )
    await build.fails("FROM @base\nRUN --mount=type=bind,source=none,target=/c true\n", "line 2: .*no such file")


# Variables.


async def test_arguments_have_defaults_and_are_given(build):
    text = """ARG VERSION=1
ARG IMAGE=@base
FROM $IMAGE
ARG VERSION
ARG OWN=own
ARG NEVER
RUN echo "$VERSION $OWN ${NEVER-unset} ${OUTSIDE-unset}" > /f
ENV OWN=env
RUN echo "$OWN" > /g
"""
    assert await cat(build(text), "/f") == "1 own unset unset\n"
    given = build(
        text, build_args=[dagger.BuildArg("VERSION", "2"), dagger.BuildArg("OUTSIDE", "x"), dagger.BuildArg("OWN", "o")]
    )
    assert await cat(given, "/f") == "2 o unset unset\n"
    assert await cat(given, "/g") == "env\n"
    assert await given.env_variable("VERSION") is None


async def test_arguments_tell_the_platform(build):
    text = "FROM --platform=$BUILDPLATFORM @base\nARG TARGETPLATFORM\nARG TARGETARCH\n"
    text += "RUN echo $TARGETPLATFORM $TARGETARCH > /f\n"
    platform = await build.dag.default_platform()
    assert await cat(build(text), "/f") == f"{platform} {platform.split('/')[1]}\n"


async def test_variables_are_set_together_and_quotes_taken_away(build):
    built = build(
        """FROM scratch
ENV A=1 B="two words" C=a\\ b
ENV A=2 D=$A E=${X:-"default $B"} F='$A' G=${A:+set}
ENV OLD the rest "of it"
LABEL one=1 "two words"="a b" three=$A
"""
    )
    names = ("A", "B", "C", "D", "E", "F", "G", "OLD")
    found = [await built.env_variable(name) for name in names]
    assert found == ["2", "two words", "a b", "1", "default two words", "$A", "set", "the rest of it"]
    assert [await built.label(name) for name in ("one", "two words", "three")] == ["1", "a b", "2"]


async def test_a_variable_that_must_be_set_is_an_error(build):
    await build.fails('FROM scratch\nENV A="${NAME:?must be given}"\n', "line 2: NAME: must be given")


# Configuration.


async def test_the_rest_of_the_configuration(build):
    built = build(
        """FROM scratch
EXPOSE 80 53/udp 8000-8002
VOLUME /data /logs
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --timeout=1m --start-period=2s --retries=4 CMD curl -f http://localhost
USER someone:group
ENTRYPOINT ["server", "--x"]
CMD start here
MAINTAINER Someone <a@b>
WORKDIR /srv
WORKDIR app
ONBUILD RUN touch /triggered
"""
    )
    ports = [(await port.port(), await port.protocol()) for port in await built.exposed_ports()]
    assert [number for number, _ in ports] == [53, 80, 8000, 8001, 8002]
    assert ports[0][1] == dagger.NetworkProtocol.UDP
    assert await built.user() == "someone:group"
    assert await built.entrypoint() == ["server", "--x"]
    assert await built.default_args() == ["/bin/sh", "-c", "start here"]
    assert await built.workdir() == "/srv/app"
    assert await built.stat("/srv/app").permissions() == 0o755
    check = built.docker_healthcheck()
    assert await check.args() == ["curl -f http://localhost"]
    assert (await check.shell(), await check.interval(), await check.retries()) == (True, "5s", 4)
    assert await built.label("org.opencontainers.image.authors") == "Someone <a@b>"
    assert await built.env_variable("PATH")


async def test_a_new_entrypoint_takes_the_arguments_of_the_base_away(build):
    assert await build("FROM @base\n").default_args() == ["sh"]
    assert await build('FROM @base\nENTRYPOINT ["x"]\n').default_args() == []
    assert await build('FROM @base\nCMD ["y"]\nENTRYPOINT ["x"]\n').default_args() == ["y"]


async def test_triggers_run_where_the_image_is_built_on(build, dag, image):
    host = image.partition("/")[0]
    await build("FROM @base\nONBUILD COPY src /src\nONBUILD RUN echo $PWD > /where\n").publish(f"{host}/onbuild:1")
    build.file("src/a", "x")
    built = build(f"FROM {host}/onbuild:1\nRUN cat /src/a /where > /f\n")
    assert await cat(built, "/f") == "x/\n"


async def test_triggers_run_once(build, image):
    host = image.partition("/")[0]
    await build("FROM @base\nONBUILD RUN echo triggered >> /count\n").publish(f"{host}/once:1")
    assert await cat(build(f"FROM {host}/once:1 AS a\nFROM a\n"), "/count") == "triggered\n"


# Stages.


async def test_only_the_stages_that_are_needed_are_built(build):
    text = """FROM @base AS bad
RUN exit 1
FROM @base AS One
RUN echo one > /1
FROM @base AS two
COPY --from=one /1 /
FROM two
COPY --from=2 /1 /again
"""
    assert await cat(build(text), "/again") == "one\n"
    assert await cat(build(text, target="ONE"), "/1") == "one\n"
    assert not await build(text, target="2").exists("/again")
    with pytest.raises(dagger.ExecError):
        await build(text, target="bad").sync()
    await build.fails(text, 'target stage "none" could not be found', target="none")


async def test_a_stage_that_others_need_is_built_once(build):
    text = """FROM @base AS common
RUN head -c 8 /dev/urandom | od -An -tx1 > /random
FROM common AS a
FROM common AS b
FROM scratch
COPY --from=a /random /a
COPY --from=b /random /b
"""
    built = build(text)
    assert await cat(built, "/a") == await cat(built, "/b")


async def test_files_come_from_images_too(build):
    built = build("FROM scratch\nCOPY --from=@base /etc/passwd /etc/group /x/\n")
    assert await built.directory("/x").entries() == ["group", "passwd"]


# COPY.


async def test_files_and_directories_are_copied_as_docker_does(build):
    build.file("a", "a").file("b", "b").file("dir/c", "c").file("dir/sub/d", "d", 0o600)
    built = build(
        """FROM @base
WORKDIR /w
COPY a renamed
COPY a b /multi/
COPY dir /dir
COPY dir/ into/
COPY . /all
COPY ["a", "/json file"]
COPY a b ./
"""
    )
    assert await built.directory("/w").entries() == ["a", "b", "into/", "renamed"]
    assert await built.directory("/multi").entries() == ["a", "b"]
    assert await built.directory("/dir").entries() == ["c", "sub/"]
    assert await built.directory("/w/into").entries() == ["c", "sub/"]
    assert await built.directory("/all").entries() == ["Dockerfile", "a", "b", "dir/"]
    assert await cat(built, "/json file") == "a"
    assert await ls(built, "/dir/sub/d", "/w/into") == ["/dir/sub/d 600 0:0", "/w/into 755 0:0"]


async def test_wildcards_choose_names(build):
    for name in ("x1", "x2", "y1", "d1/in", "d2/in"):
        build.file(name, name)
    built = build("FROM scratch\nCOPY x* /x/\nCOPY ?1 /one/\nCOPY d*/in /deep/\nCOPY [x-y]2 /class/\nCOPY d* /dirs/\n")
    entries = {name: await built.directory(f"/{name}").entries() for name in ("x", "one", "deep", "class", "dirs")}
    assert entries == {"x": ["x1", "x2"], "one": ["in", "x1", "y1"], "deep": ["in"], "class": ["x2"], "dirs": ["in"]}
    await build.fails("FROM scratch\nCOPY z* /z/\n", r'line 2: "/z\*" not found')


async def test_owner_and_mode_are_given(build):
    build.file("dir/f", "x").file("g", "x")
    built = build(
        """FROM @base
RUN echo 'app:x:700:701::/:' >> /etc/passwd && echo 'team:x:702:' >> /etc/group
ARG WHO=app:team
COPY --chown=app dir /1
COPY --chown=$WHO dir /2
COPY --chown=5:6 --chmod=0751 dir /3
COPY --chmod=600 g /new/deep/g
"""
    )
    found = await ls(built, "/1", "/1/f", "/2/f", "/3", "/3/f", "/new", "/new/deep/g")
    assert found == [
        "/1 755 700:700",
        "/1/f 644 700:700",
        "/2/f 644 700:702",
        "/3 755 5:6",
        "/3/f 751 5:6",
        "/new 755 0:0",
        "/new/deep/g 600 0:0",
    ]
    await build.fails("FROM @base\nCOPY --chown=nobody-knows g /\n", "line 2: .*nobody-knows")


async def test_a_directory_that_is_there_stays_what_it_was(build):
    build.file("dir/f", "x")
    built = build("FROM @base\nRUN mkdir -m 1700 /there && chown 9:9 /there\nCOPY dir /there\nCOPY dir /there/\n")
    assert await ls(built, "/there", "/there/f") == ["/there 1700 9:9", "/there/f 644 0:0"]


async def test_files_of_a_stage_keep_their_owner(build):
    built = build("FROM @base AS a\nRUN mkdir /d && touch /d/f && chown -R 8:8 /d\nFROM @base\nCOPY --from=a /d /d\n")
    assert await ls(built, "/d/f") == ["/d/f 644 8:8"]


async def test_one_copy_is_one_layer(build, tmp_path):
    for name in ("a", "b", "c"):
        build.file(name, name)
    await build("FROM scratch\nCOPY a b c /x/\nENV A=1\n").export(str(tmp_path / "image.tar"))
    with tarfile.open(tmp_path / "image.tar") as archive:
        import json

        manifest = json.load(archive.extractfile("manifest.json"))[0]
        history = json.load(archive.extractfile(manifest["Config"]))["history"]
    assert [entry["created_by"] for entry in history] == ["COPY a b c /x/"]


async def test_here_documents_are_copied(build):
    built = build(
        """FROM scratch
ENV NAME=world
COPY <<EOF /plain
hello $NAME \\$NAME
EOF
COPY --chmod=755 <<"ONE" <<-TWO /dir/
as $NAME is
ONE
	stripped
	TWO
"""
    )
    assert await cat(built, "/plain") == "hello world $NAME\n"
    assert [await cat(built, f"/dir/{name}") for name in ("ONE", "TWO")] == ["as $NAME is\n", "stripped\n"]
    assert await built.stat("/dir/ONE").permissions() == 0o755


async def test_what_dockerignore_names_is_not_in_the_context(build):
    for name in ("keep", "drop.log", "keep.log", "node/x", "sub/y.pyc"):
        build.file(name, name)
    build.file(".dockerignore", "# a comment\n/node\n*.log\n!keep.log\n**/*.pyc\n")
    built = build("FROM scratch\nCOPY . /c\n")
    assert await built.directory("/c").entries() == [".dockerignore", "Dockerfile", "keep", "keep.log", "sub/"]
    assert await built.directory("/c/sub").entries() == []
    await build.fails("FROM scratch\nCOPY node /\n", 'line 2: "/node" not found')


async def test_each_dockerfile_may_have_its_own_ignore_file(build):
    build.file("a", "").file("b", "").file(".dockerignore", "a\n").file(
        "docker/app.Dockerfile.dockerignore", "b\ndocker\n.d*\n"
    )
    built = build("FROM scratch\nCOPY . /c\n", path="docker/app.Dockerfile")
    assert await built.directory("/c").entries() == ["a"]


async def test_exclude_leaves_files_out(build):
    build.file("d/a.py", "").file("d/b.txt", "").file("d/e/c.txt", "")
    built = build("FROM scratch\nCOPY --exclude=*.txt --exclude=e d /d\n")
    assert await built.directory("/d").entries() == ["a.py"]


async def test_nothing_outside_of_the_context_is_copied(build):
    build.file("a", "a")
    built = build("FROM scratch\nCOPY ../../a /a\n")
    assert await cat(built, "/a") == "a"
    build.context = build.context.with_symlink("/etc/hostname", "link")
    await build.fails("FROM scratch\nCOPY link /x\n", "line 2: .*not found")


# ADD.


def archive():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, mode in (("d/", 0o750), ("d/f", 0o640), ("d/.wh.x", 0o644)):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.mode, info.uid, info.gid = mode, 3, 4
            info.size = 0 if info.isdir() else 2
            tar.addfile(info, io.BytesIO(b"hi"))
    return data.getvalue()


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress],
    ids=["tar", "gz", "bz2", "xz", "zst"],
)
async def test_archives_of_the_context_are_unpacked(build, tmp_path, pack):
    (tmp_path / "packed").write_bytes(pack(archive()))
    build.context = build.context.with_file("x.packed", build.dag.host().file(str(tmp_path / "packed")))
    built = build("FROM @base\nADD x.packed /to/\nCOPY x.packed /copy/\n")
    assert await ls(built, "/to", "/to/d", "/to/d/f", "/to/d/.wh.x") == [
        "/to 755 0:0",
        "/to/d 750 3:4",
        "/to/d/f 640 3:4",
        "/to/d/.wh.x 644 3:4",
    ]
    assert await built.directory("/copy").entries() == ["x.packed"]


async def test_other_files_are_added_as_they_are(build, tmp_path):
    (tmp_path / "f.gz").write_bytes(gzip.compress(b"no archive"))
    build.context = build.context.with_file("f.gz", build.dag.host().file(str(tmp_path / "f.gz")))
    built = build("FROM scratch\nADD f.gz /to/\n")
    assert await built.directory("/to").entries() == ["f.gz"]


async def test_files_of_the_web_are_added(build):
    with web_server() as web:
        web.files["/a/f.tar"] = archive()
        built = build(f"FROM @base\nADD {web.url}/a/f.tar /dir/\nADD --chmod=644 {web.url}/a/f.tar /named\n")
        assert await ls(built, "/dir/f.tar", "/named") == ["/dir/f.tar 600 0:0", "/named 644 0:0"]
        wrong = f"FROM scratch\nADD --checksum=sha256:{'0' * 64} {web.url}/a/f.tar /\n"
        await build.fails(wrong, "line 2: http checksum mismatch")
        await build.fails(f"FROM scratch\nADD {web.url}/none /\n", "line 2: .*404")


async def test_a_repository_is_added(build, tmp_path):
    repository = new_repository(tmp_path / "served" / "r.git")
    repository.commit(a="one")
    repository.git("update-server-info")
    top = repository.path / ".git"
    with web_server() as web:
        web.files = {f"/r.git/{p.relative_to(top)}": p.read_bytes() for p in top.rglob("*") if p.is_file()}
        built = build(f"FROM scratch\nADD {web.url}/r.git#main /src\n")
        assert await built.directory("/src").entries() == ["a"]


# What is wrong is said with its line.


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("FROM scratch\nENV A=1\n\nFOO bar\n", "Dockerfile line 4: unknown instruction: FOO"),
        ("RUN true\n", "line 1: no build stage in current context"),
        ("# nothing\n", "has no FROM"),
        ("FROM scratch\nCOPY a\n", "line 2: COPY: requires at least two arguments"),
        ("FROM scratch\nCOPY a b c\n", "line 2: COPY: .*must be a directory and end with a /"),
        ("FROM scratch\nCOPY --what=1 a b\n", "line 2: COPY: unknown flag: --what"),
        ("FROM scratch\nRUN <<EOF\nx\n", "line 2: unterminated heredoc"),
        ("FROM scratch\nENV A\n", "line 2: ENV: must have two arguments"),
        ("FROM scratch AS 1x\n", "line 1: FROM: invalid name for build stage"),
        ("FROM scratch\nEXPOSE x\n", "line 2: invalid containerPort: x"),
        ("FROM scratch\nHEALTHCHECK --interval=x CMD true\n", "line 2: HEALTHCHECK: .*invalid duration"),
        ("FROM scratch\nSHELL sh\n", "line 2: SHELL: requires the arguments to be in JSON form"),
        ("FROM scratch\nONBUILD FROM x\n", "line 2: ONBUILD: FROM is not allowed as an ONBUILD trigger"),
        ("FROM scratch\nCOPY --from=Bad/Name a b\n", "line 2: failed to parse image address"),
        ("FROM scratch\nENV A=${B\n", "line 2: "),
        ("FROM Not/Valid\n", "line 1: failed to parse image address"),
    ],
)
async def test_mistakes_are_told_with_their_line(build, text, match):
    await build.fails(text, match)


async def test_a_dockerfile_that_is_not_there_is_an_error(dag):
    with pytest.raises(dagger.QueryError, match=r"Dockerfile.*no such file or directory"):
        await dag.directory().docker_build().sync()


async def test_what_was_built_is_not_built_again(build, dag):
    text = "FROM @base\nRUN cat /proc/sys/kernel/random/uuid > /f\n"
    first = await cat(build(text), "/f")
    build.file("other", "changes the context, which nothing copies")
    assert await cat(build(text), "/f") == first


async def test_an_init_process_is_there_unless_not_wanted(build):
    text = "FROM @base\nARG N\nRUN echo $$ > /f\n"
    assert await cat(build(text), "/f") != "1\n"
    assert await cat(build(text, no_init=True), "/f") == "1\n"
