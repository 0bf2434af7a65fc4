"""Execution: further answers, each with the place in Dagger's repository that asserts it."""

import dagger
from dagger import ReturnType, dag


def _sh(script):
    return ["sh", "-c", script]


async def _failure(value):
    try:
        return {"value": await value}
    except dagger.ExecError as error:
        return {"raised": "ExecError", "exit_code": error.exit_code, "stdout": error.stdout, "stderr": error.stderr}
    except dagger.QueryError:
        return {"raised": "QueryError"}


async def _message(awaitable, text):
    try:
        return await awaitable
    except dagger.QueryError as error:
        return text in str(error) or str(error)


# container_test.go TestExecRedirectStdin: "with mounted file", "with mounted secret"
async def stdin_from_mounts_and_secrets(t):
    f = dag.directory().with_new_file("in", "from a mount\n").file("in")
    secret = dag.set_secret(f"stdin-{t.unique}", "SECRET stdin")
    c = t.base.with_mounted_directory("/mnt", dag.directory())
    return [
        await t.base.with_mounted_file("/x/in", f).with_exec(["cat"], redirect_stdin="/x/in").stdout(),
        await t.base.with_mounted_directory("/m", dag.directory().with_file("in", f)).with_exec(["cat"], redirect_stdin="/m/in").stdout(),
        await c.with_mounted_secret("/mnt/secret", secret)
        .with_exec(_sh("tr a-z A-Z"), redirect_stdin="/mnt/secret", redirect_stdout="/mnt/out").file("/mnt/out").contents(),
        await c.with_mounted_secret("/s", secret).with_exec(["cat"], redirect_stdin="/s").stdout(),
    ]


# container_test.go TestExecRedirectStdoutStderr: "exec with mount"
async def redirects_into_a_mount(t):
    c = t.base.with_mounted_directory("/mnt", dag.directory()).with_exec(
        _sh("echo hello; echo goodbye >/dev/stderr"), redirect_stdout="/mnt/out", redirect_stderr="/mnt/err"
    )
    return [
        await c.file("/mnt/out").contents(), await c.file("/mnt/err").contents(), await c.stdout(), await c.stderr(),
        await c.directory("/mnt").entries(), await c.rootfs().exists("mnt/out"),
    ]


# container_test.go TestExecWithoutWorkdir, TestExecWithoutUser, TestExecWithUser "stdin"
async def workdir_and_user_taken_back(t):
    return [
        await t.base.with_workdir("/usr").without_workdir().with_exec(["pwd"]).stdout(),
        await t.base.with_user("daemon").without_user().with_exec(["id", "-un"]).stdout(),
        await t.base.with_user("daemon").with_exec(["sh"], stdin="id -un").stdout(),
    ]


# container_test.go TestExecWithEntrypoint, TestExecWithoutEntrypoint, TestExecWithoutDefaultArgs
async def entrypoints_and_default_args(t):
    foo = t.base.with_entrypoint(["foo"])
    return [
        await t.base.with_default_args(["foobar"]).with_entrypoint(["echo"]).with_exec([], use_entrypoint=True).stdout(),
        await t.base.with_default_args(["foobar"]).with_entrypoint(["echo"], keep_default_args=True).with_exec([], use_entrypoint=True).stdout(),
        await foo.without_entrypoint().with_exec(["echo", "-n", "foobar"], use_entrypoint=True).stdout(),
        await _message(foo.with_default_args(["echo"]).without_entrypoint().stdout(), "no command has been set"),
        await foo.with_default_args(["echo", "-n", "x"]).without_entrypoint(keep_default_args=True).with_exec([]).stdout(),
        await t.base.with_entrypoint(["echo", "-n"]).with_default_args(["foo"]).without_default_args().with_exec([], use_entrypoint=True).stdout(),
        await t.base.with_entrypoint([]).entrypoint(),
    ]


# container_test.go TestExecError: the error of a later step is that of the step that failed
async def error_of_a_step_in_the_middle(t):
    c = t.base.with_exec(_sh("echo fine")).with_exec(_sh("echo some output; echo some error >&2; exit 42")).with_exec(["true"])
    try:
        await c.sync()
    except dagger.ExecError as error:
        return [error.command, error.exit_code, error.stdout, error.stderr, str(error).splitlines()[0]]


# container_test.go TestExecError: "truncates output past a maximum size", core/telemetry or exec error: keeps the end
async def errors_keep_the_end_of_long_output(t):
    long = "python3 -c \"print('a' * 300000)\""
    got = await _failure(t.base.with_exec(_sh(f"{long}; {long} >&2; echo END; echo FIN >&2; exit 1")).sync())
    return [got["raised"], got["stdout"][-3:], got["stderr"][-3:], got["stdout"].startswith("[omitting"), got["stderr"].startswith("[omitting"),
            got["stdout"].split("]...", 1)[0], len(got["stdout"])]


# container_test.go TestInsecureRootCapabilites
async def insecure_root_capabilities(t):
    c = t.base.with_exec(_sh("grep CapEff /proc/self/status"))
    d = t.base.with_exec(_sh("grep CapEff /proc/self/status"), insecure_root_capabilities=True)
    return [await c.stdout() == await d.stdout(), int((await d.stdout()).split()[1], 16) & (1 << 21) > 0, int((await c.stdout()).split()[1], 16) & (1 << 21) > 0]


# container_test.go TestExecExpect / container_exec.go: exit codes which an expectation takes
async def exit_codes_and_expectations(t):
    answers = {}
    for code in [0, 1, 126, 127, 128, 129, 143, 191, 192, 254, 255]:
        answers[code] = [
            (await _failure(t.base.with_exec(_sh(f"exit {code}"), expect=expect).exit_code())).get("value", "error")
            for expect in [ReturnType.SUCCESS, ReturnType.FAILURE, ReturnType.ANY]
        ]
    return answers


# container_test.go TestWithMountedTemp: no size, or the size asked for
async def size_of_a_temp_mount(t):
    plain = await t.base.with_mounted_temp("/mnt/tmp").with_exec(["grep", "/mnt/tmp", "/proc/mounts"]).stdout()
    sized = await t.base.with_mounted_temp("/mnt/tmp", size=4000).with_exec(["grep", "/mnt/tmp", "/proc/mounts"]).stdout()
    return [plain.startswith("tmpfs /mnt/tmp tmpfs"), "size" in plain, "size=4k" in sized]


# container_test.go TestExecFromScratch, TestWithRootFSSubdir: a root that is a subdirectory
async def a_root_that_is_a_subdirectory(t):
    c = t.base.with_exec(_sh("mkdir /out; cp -r /bin /lib /lib64 /usr /out/ 2>/dev/null; echo x > /out/marker"))
    return await dag.container().with_rootfs(c.directory("/out")).with_exec(["/bin/sh", "-c", "cat /marker; ls -d /out 2>&1"], expect=ReturnType.ANY).stdout()


# container_test.go TestEmptyExecDiff
async def an_exec_without_changes_has_an_empty_diff(t):
    return await t.base.rootfs().diff(t.base.with_exec(["true"]).rootfs()).entries()


# container_test.go TestSymlinkCaching and TestEnvExpand
async def expand_everywhere(t):
    c = t.base.with_env_variable("foo", "bar").with_env_variable("UP", "/a")
    return [
        await c.with_exec(["echo", "${foo}", "$foo-x", "$"], expand=True).stdout(),
        await c.with_exec(["echo", "${foo"], expand=True).stdout(),
        await c.with_exec(["echo", "$1", "${}", "a${foo}b", "$foo_x", "$9x", "$*", "$#"], expand=True).stdout(),
        await c.with_exec(["cat"], stdin="$foo", expand=True).stdout(),
        await c.with_workdir("${UP}/b", expand=True).workdir(),
        await c.with_new_file("${UP}/f", "text $foo", expand=True).file("/a/f").contents(),
        await c.with_mounted_directory("${UP}/m", dag.directory(), expand=True).mounts(),
        await c.with_mounted_temp("${UP}/m", expand=True).mounts(),
        await c.with_mounted_cache("${UP}/c", dag.cache_volume(t.unique), expand=True).mounts(),
        await c.with_mounted_file("${UP}/f", dag.file("f", "x"), expand=True).mounts(),
        await c.with_mounted_temp("/a/m").without_mount("${UP}/m", expand=True).mounts(),
    ]


# container_test.go TestExecWithUser / executor_spec.go: users of passwd files that are mounted or replaced
async def users_of_a_passwd_file_that_was_written(t):
    passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:4321:8765:App:/srv/home:/bin/sh\n"
    group = "root:x:0:\nteam:x:8765:\nextra:x:99:app\n"
    c = t.base.with_new_file("/etc/passwd", passwd).with_new_file("/etc/group", group)
    script = _sh("id -u; id -g; id -G; echo $HOME")
    return [
        await c.with_user("app").with_exec(script).stdout(),
        await c.with_user("4321").with_exec(script).stdout(),
        await c.with_user("app:extra").with_exec(script).stdout(),
        await c.with_user("8765").with_exec(script).stdout(),
        (await _failure(c.with_user("daemon").with_exec(script).stdout())).get("raised"),
        await c.with_new_file("/o", "x", owner="app:team").with_exec(["stat", "-c", "%u:%g", "/o"]).stdout(),
    ]


# directory_test.go TestSymlink; executor_spec.go: the workdir through links and mounts
async def workdirs_in_mounts(t):
    c = t.base.with_mounted_directory("/m", dag.directory().with_new_file("d/f", "x").with_symlink("d", "l"))
    made = c.with_workdir("/m/new/deep").with_exec(_sh("pwd; touch here"))
    return [
        await c.with_workdir("/m/l").with_exec(_sh("pwd -P; ls")).stdout(),
        await made.stdout(), await made.directory("/m/new").glob("**"),
        await c.with_workdir("/m/d").file("f").contents(),
        await t.base.with_mounted_temp("/t").with_workdir("/t/w").with_exec(["pwd"]).stdout(),
    ]


# init: a signal is 128 + its number; stderr of a program that is missing
async def how_programs_end(t):
    return [
        [(await _failure(t.base.with_exec(_sh(f"kill -{s} $$"), expect=ReturnType.ANY).sync())).get("exit_code") for s in ["KILL", "TERM", "SEGV", "INT"]],
        (await _failure(t.base.with_exec(["no-such"]).sync())).get("stderr"),
        (await _failure(t.base.with_exec(["no-such"], expect=ReturnType.ANY).exit_code())),
        await t.base.with_exec(["no-such"], expect=ReturnType.ANY).stderr(),
        await t.base.with_exec(["/etc/passwd"], expect=ReturnType.ANY).exit_code(),
    ]
