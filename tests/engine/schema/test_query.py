"""Root fields: secrets, files, containers, version."""

from __future__ import annotations

import re

import anyio
import dagger
import pytest

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root


async def test_the_version_is_a_release_of_dagger(dag):
    assert re.fullmatch(r"v\d+\.\d+\.\d+", await dag.version())


async def test_a_platform_may_be_chosen(dag):
    assert await dag.container(platform=dagger.Platform("linux/arm64")).platform() == "linux/arm64"
    assert await dag.container().platform() == await dag.default_platform()


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("foo://x", 'unsupported secret provider: "foo"'),
        ("x", 'parse "x": malformed id'),
    ],
)
async def test_a_wrong_address_of_a_secret_is_refused_at_once(dag, uri, message):
    with pytest.raises(dagger.QueryError, match=message):
        await dag.secret(uri).uri()


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("env://NOPE_X", 'secret env var not found: "NOP..."'),
        ("env://NOP", 'secret env var not found: "NOP"'),
        ("file://no/such/file", 'failed to read secret file "no/such/file": '),
        ("cmd://exit 3", 'failed to run secret command "exit 3": '),
    ],
)
async def test_a_secret_that_can_not_be_read_fails_at_use(dag, once, uri, message):
    secret = dag.secret(uri)
    assert await secret.uri() == uri
    for ask in (secret.plaintext(), once.with_secret_variable("S", secret).with_exec(["true"]).sync()):
        with pytest.raises(dagger.QueryError, match=re.escape(message)):
            await ask


async def test_secrets_come_from_the_host(dag, workdir):
    (workdir / "s.txt").write_text("of a file\n")
    assert await dag.secret("env://TEST_SECRET").plaintext() == "of the host"
    assert await dag.secret("file://./s.txt").plaintext() == "of a file\n"
    assert await dag.secret("cmd://echo hi").plaintext() == "hi\n"


async def test_a_set_secret_has_a_name_and_no_address(dag):
    secret = dag.set_secret("the name", "the plaintext")
    assert [await secret.name(), await secret.uri(), await secret.plaintext()] == ["the name", "", "the plaintext"]


async def test_a_secret_of_the_host_has_an_address_and_no_name(dag):
    secret = dag.secret("env://TEST_SECRET")
    assert [await secret.name(), await secret.uri()] == ["", "env://TEST_SECRET"]


async def test_a_secret_counts_by_its_plaintext_or_its_key(dag, once, workdir):
    async def step(**options):
        (workdir / "counted.txt").write_text(options.pop("text"))
        secret = dag.secret("file://counted.txt", **options)
        return await once.with_secret_variable("S", secret).with_exec(sh("date +%N")).stdout()

    plain = [await step(text=text) for text in ("one", "two", "one")]
    assert plain[0] == plain[2] != plain[1]
    keyed = [await step(text=text, cache_key="k") for text in ("one", "two")]
    assert keyed[0] == keyed[1]


async def test_a_secret_of_lines_is_hidden_as_a_whole(dag, once):
    container = once.with_secret_variable("S", dag.set_secret("lines", "very\nsecret\ntext\n"))
    assert await container.with_exec(sh('printf %s "$S"')).stdout() == "***"


async def test_a_secret_is_hidden_in_every_output(dag, once):
    container = once.with_secret_variable("S", dag.set_secret("everywhere", "top secret"))
    container = container.with_exec(sh("echo $S; echo $S >&2"), redirect_stdout="/out")
    assert [await container.stdout(), await container.stderr()] == ["***\n", "***\n"]
    assert await container.file("/out").contents() == "***\n"


async def test_a_secret_is_hidden_in_an_error(dag, once):
    container = once.with_secret_variable("S", dag.set_secret("error", "top secret"))
    with pytest.raises(dagger.ExecError) as caught:
        await container.with_exec(sh("echo $S; echo $S >&2; exit 1")).sync()
    assert [caught.value.stdout, caught.value.stderr] == ["***", "***"]


async def test_a_secret_set_again_does_not_run_a_step_again(dag, once):
    def step(plaintext):
        return once.with_secret_variable("S", dag.set_secret("again", plaintext)).with_exec(sh("echo ${#S}"))

    assert [await step("one").stdout(), await step("longer").stdout()] == ["3\n", "3\n"]


async def test_the_same_step_asked_at_once_runs_once(dag, once):
    container = once.with_mounted_cache("/c", dag.cache_volume(await once.env_variable("TEST")))
    step = container.with_exec(sh("sleep 0.2; echo x >> /c/f; cat /c/f"))
    answers = []

    async def ask():
        answers.append(await step.stdout())

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)
    assert answers == ["x\n"] * 5


async def test_a_failed_step_runs_again(dag, once):
    container = once.with_mounted_cache("/c", dag.cache_volume(await once.env_variable("TEST")))
    for expected in ("1", "2"):
        with pytest.raises(dagger.ExecError) as caught:
            await container.with_exec(sh("echo x >> /c/f; wc -l < /c/f; exit 1")).sync()
        assert caught.value.stdout == expected


async def test_what_is_set_after_a_step_does_not_run_it_again(once):
    step = once.with_exec(sh("date +%N"))
    assert await step.with_label("l", "1").stdout() == await step.stdout()
