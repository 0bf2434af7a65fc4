"""Secrets: further answers, each with the place in Dagger's repository that asserts it."""

import dagger
from dagger import dag


async def _outcome(awaitable):
    try:
        return await awaitable
    except dagger.ExecError:
        return "ExecError"
    except dagger.QueryError:
        return "QueryError"


def _secret(t, value, name="s"):
    return dag.set_secret(f"{name}-{t.unique}", value)


async def _sh(container, script):
    return (await container.with_exec(["sh", "-c", script]).stdout()).splitlines()


# secret_test.go TestScrubbing...: secrets of several lines, with blanks around, and in redirected files
async def what_is_scrubbed(t):
    lines = _secret(t, "very\nsecret\ntext\n", "lines")
    blanks = _secret(t, "  padded-secret  ", "blanks")
    c = t.base.with_secret_variable("L", lines).with_secret_variable("B", blanks)
    redirected = c.with_exec(["sh", "-c", 'printf %s "$L"; printf %s "$B" >&2'], redirect_stdout="/out", redirect_stderr="/err")
    return [
        await c.with_exec(["sh", "-c", 'printf "%s" "$L"']).stdout(),
        await c.with_exec(["sh", "-c", 'echo "[$B]"; echo "[padded-secret]"']).stdout(),
        await redirected.file("/out").contents(), await redirected.file("/err").contents(), await redirected.combined_output() != "",
    ]


# secret_scrub.go: the longest match, over the ends of writes, and secrets that hold one another
async def scrubbing_of_secrets_in_one_another(t):
    c = t.base.with_secret_variable("A", _secret(t, "abc", "a")).with_secret_variable("B", _secret(t, "abcdef", "b"))
    return [
        await _sh(c, "echo xabcdefx; echo xabcx; echo abcdeabcdef"),
        await _sh(c, "printf ab; sleep 0.2; printf cdef; sleep 0.2; printf ab; sleep 0.2; printf x"),
        await c.with_exec(["sh", "-c", "echo abc >&2"]).stderr(),
    ]


# secret_scrub.go: an empty secret changes nothing
async def an_empty_secret(t):
    empty = _secret(t, "", "empty")
    c = t.base.with_secret_variable("E", empty).with_mounted_secret("/s", empty)
    return [await _sh(c, 'echo "plain [$E]"; wc -c < /s; test -f /s && echo there'), await empty.plaintext()]


# core/container.go WithSecretVariable, WithoutSecretVariable: both are kept, the later one counts, the first one goes
async def a_variable_set_twice(t):
    c = t.base.with_secret_variable("S", _secret(t, "short", "a")).with_secret_variable("S", _secret(t, "much-longer", "b"))
    return [await _sh(c, 'printf %s "$S" | wc -c'), await _sh(c.without_secret_variable("S"), 'printf %s "$S" | wc -c'),
            await _sh(c.without_secret_variable("S").without_secret_variable("S"), 'echo "${S-unset}"')]


# core/container.go WithMountedSecret, WithoutMount: the last one is on top, and the first to go
async def a_path_mounted_twice(t):
    c = t.base.with_mounted_secret("/run/s", _secret(t, "short", "a")).with_mounted_secret("/run/s", _secret(t, "much-longer", "b"))
    return [await _sh(c, "wc -c < /run/s"), await _sh(c.without_mount("/run/s"), "wc -c < /run/s"),
            await _sh(c.without_mount("/run/s").without_mount("/run/s"), "test -e /run/s || echo gone")]


# container_test.go TestExecRedirectStdin, core/container_exec.go: stdin is no secret's place, arguments are not scrubbed
async def secrets_in_stdin_and_arguments(t):
    c = t.base.with_secret_variable("S", _secret(t, "top-secret-value"))
    error = None
    try:
        await c.with_exec(["sh", "-c", "echo $S; exit 1 # top-secret-value"]).sync()
    except dagger.ExecError as raised:
        error = raised
    return [await c.with_exec(["cat"], stdin="say top-secret-value!").stdout(), error.stdout, error.command[-1]]


# secret_test.go TestSecretURI / secretprovider: names, uris and errors
async def uris(t):
    (t.workdir / "s").write_text("  from file\n")
    s = dag.secret(f"file://{t.workdir}/s")
    named = _secret(t, "x", "named")
    return [
        await s.plaintext(), await s.name(), await named.uri(), await named.name() == f"named-{t.unique}",
        await dag.secret("cmd://echo hi").plaintext(), await dag.secret("cmd://printf 'a b'; printf c").plaintext(),
        [await _outcome(dag.secret(u).plaintext()) for u in ["nope", "foo://x", "cmd://exit 3", "file:///no/such/file", "env://NO_SUCH_VARIABLE"]],
    ]


# core/schema/secret.go: cacheKey takes the place of the value in what counts
async def cache_keys(t):
    (t.workdir / "s").write_text("one")

    def step(key=None):
        options = {"cache_key": key} if key else {}
        s = dag.secret(f"file://{t.workdir}/s", **options)
        return t.base.with_secret_variable("S", s).with_exec(["sh", "-c", "cat /proc/sys/kernel/random/uuid"])

    keyed = await step(f"k-{t.unique}").stdout()
    (t.workdir / "s").write_text("two")
    return [keyed == await step(f"k-{t.unique}").stdout(), keyed == await step(f"other-{t.unique}").stdout()]


# container_test.go TestWithMountedSecretMode
async def modes_of_secret_files(t):
    s = _secret(t, "x")
    c = t.base.with_mounted_secret("/a", s).with_mounted_secret("/b", s, mode=0o666).with_mounted_secret("/c", s, owner="daemon", mode=0o4755)
    c = c.with_mounted_secret("/d", s, mode=0, owner="5")
    return await _sh(c, "stat -c '%a %u:%g' /a /b /c /d")


# container.go: secrets stay when the image below changes
async def secrets_outlive_a_new_root(t):
    c = dag.container().with_secret_variable("S", _secret(t, "kept-secret")).with_mounted_secret("/s", _secret(t, "file-secret", "f"))
    d = c.with_rootfs(t.base.rootfs())
    return [await _sh(d, 'printf %s "$S" | wc -c; wc -c < /s'), await d.mounts(), await d.env_variables()]
