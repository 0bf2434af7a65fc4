"""Container.withExec and what it gives back, beyond the recorded cases."""

from __future__ import annotations

import dagger
import pytest
from dagger import ReturnType

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root


async def test_a_long_error_output_keeps_its_end_and_says_what_is_missing(once):
    script = "yes a | tr -d '\\n' | head -c 299995 >&2; printf zzzzz >&2; exit 1"
    with pytest.raises(dagger.ExecError) as caught:
        await once.with_exec(sh(script)).sync()
    stderr = caught.value.stderr
    assert len(stderr) == 102_400
    assert stderr.startswith("[omitting 197600 bytes]...a")
    assert stderr.endswith("azzzzz")


async def test_the_error_names_the_command_with_its_entrypoint_and_variables(once):
    failing = once.with_entrypoint(["sh", "-c"]).with_env_variable("CODE", "5")
    with pytest.raises(dagger.ExecError, match=r"^exit code: 5") as caught:
        await failing.with_exec(["exit $CODE"], use_entrypoint=True, expand=True).sync()
    assert caught.value.command == ["sh", "-c", "exit 5"]


@pytest.mark.parametrize("field", ["workdir", "user", "env_variables", "exposed_ports", "platform"])
async def test_a_getter_runs_the_pipeline(once, field):
    with pytest.raises(dagger.ExecError):
        await getattr(once.with_exec(["false"]), field)()


@pytest.mark.parametrize(("no_init", "name"), [(False, ".init\n"), (True, "cat\n")])
async def test_the_first_process_is_an_init_unless_asked_otherwise(once, no_init, name):
    assert await once.with_exec(["cat", "/proc/1/comm"], no_init=no_init).stdout() == name


async def test_a_command_of_background_processes_leaves_none(once):
    step = once.with_exec(sh("sleep 300 & echo left"))
    assert await step.stdout() == "left\n"


async def test_a_signal_that_ends_a_command_is_never_accepted(once):
    with pytest.raises(dagger.ExecError) as caught:
        await once.with_exec(sh("kill -9 $$"), expect=ReturnType.ANY).sync()
    assert caught.value.exit_code == 137


@pytest.mark.parametrize(("code", "expect"), [(127, ReturnType.FAILURE), (192, ReturnType.ANY), (255, ReturnType.ANY)])
async def test_an_accepted_exit_code_is_given(once, code, expect):
    assert await once.with_exec(sh(f"exit {code}"), expect=expect).exit_code() == code


@pytest.mark.parametrize(
    ("code", "expect"), [(0, ReturnType.FAILURE), (128, ReturnType.ANY), (191, ReturnType.FAILURE)]
)
async def test_another_exit_code_is_an_error(once, code, expect):
    with pytest.raises(dagger.ExecError, match=f"^exit code: {code}"):
        await once.with_exec(sh(f"exit {code}"), expect=expect).sync()


async def test_two_kinds_of_stdin_are_refused(debian):
    with pytest.raises(dagger.QueryError, match="cannot set both stdin and redirectStdin"):
        await debian.with_exec(["cat"], stdin="x", redirect_stdin="/f").sync()


async def test_a_missing_file_as_stdin_is_named(once):
    with pytest.raises(dagger.QueryError) as caught:
        await once.with_exec(["cat"], redirect_stdin="/nope").sync()
    assert "open redirect stdin file: open /nope: no such file or directory" in str(caught.value) + caught.value.stderr


async def test_a_redirect_into_a_missing_directory_is_an_error(once):
    with pytest.raises(dagger.QueryError) as caught:
        await once.with_exec(["true"], redirect_stdout="/no/such/file").sync()
    assert "open redirect stdout file" in str(caught.value) + caught.value.stderr


async def test_a_redirected_file_belongs_to_its_user_alone(once):
    step = once.with_exec(sh("mkdir -m 777 /d")).with_user("33").with_workdir("/d")
    step = step.with_exec(["echo", "text"], redirect_stdout="out", redirect_stderr="err")
    assert await step.with_exec(["stat", "-c", "%n %a %u", "out", "err"]).stdout() == "out 600 33\nerr 600 33\n"


async def test_a_redirect_may_lead_into_a_mount(once, dag):
    step = once.with_mounted_directory("/m", dag.directory()).with_exec(["echo", "text"], redirect_stdout="/m/out")
    assert await step.directory("/m").file("out").contents() == "text\n"


async def test_no_command_is_an_error(dag, debian):
    for field in ("stdout", "stderr", "combined_output", "exit_code"):
        with pytest.raises(dagger.QueryError, match="no command has been set"):
            await getattr(debian, field)()
    with pytest.raises(dagger.QueryError, match="no command has been set"):
        await dag.container().with_exec([]).sync()


async def test_the_hosts_file_is_of_the_run_only(once):
    step = once.with_exec(sh("hostname; cat /etc/hosts"))
    lines = (await step.stdout()).splitlines()
    assert lines[0] == "dagger"
    assert any(line.split() == ["127.0.0.1", "localhost", "dagger"] for line in lines)
    before = await once.rootfs().digest()
    assert await step.rootfs().digest() == before


async def test_an_unknown_user_is_named(once):
    with pytest.raises(dagger.ExecError) as caught:
        await once.with_user("ghost").with_exec(["true"]).sync()
    assert "unable to find user ghost: no matching entries in passwd file" in str(caught.value) + caught.value.stderr


@pytest.mark.parametrize(
    ("user", "shown"),
    [("1501:1500", "1501 1500 1500"), ("1501", "1501 1500 1500 1600"), ("4242", "4242 0 0"), ("django:0", "1501 0 0")],
)
async def test_a_user_is_given_by_name_and_number(debian, user, shown):
    made = debian.with_exec(
        sh("groupadd -g 1500 web; groupadd -g 1600 more; useradd -u 1501 -g web -G more -m -d /home/django django")
    )
    assert await made.with_user(user).with_exec(sh("echo $(id -u) $(id -g) $(id -G)")).stdout() == f"{shown}\n"


async def test_a_program_that_is_missing_is_told(once):
    with pytest.raises(dagger.ExecError) as caught:
        await once.with_exec(["nope"]).sync()
    assert caught.value.exit_code == 1
    assert 'exec: "nope": executable file not found in $PATH' in caught.value.stderr


async def test_a_file_that_may_not_be_run_is_told(once):
    with pytest.raises(dagger.ExecError) as caught:
        await once.with_exec(["/etc/passwd"]).sync()
    assert caught.value.exit_code == 1
    assert "fork/exec /etc/passwd: permission denied" in caught.value.stderr


@pytest.mark.parametrize("kind", ["secret", "volatile"])
async def test_variables_that_are_not_of_the_image_are_not_expanded(dag, debian, kind):
    if kind == "secret":
        container = debian.with_secret_variable("S", dag.set_secret("expand", "x"))
    else:
        container = debian.with_volatile_variable("S", "x")
    with pytest.raises(dagger.QueryError, match=f'expand cannot be used with {kind} env variable "S"'):
        await container.with_exec(["echo", "$S"], expand=True).sync()


async def test_privileges_may_be_asked_for(once):
    script = "grep CapEff /proc/self/status"
    plain = await once.with_exec(sh(script)).stdout()
    assert await once.with_exec(sh(script), insecure_root_capabilities=True).stdout() > plain


async def test_nesting_is_refused_with_a_reason(debian):
    with pytest.raises(dagger.QueryError, match=r"experimentalPrivilegedNesting.* is not supported by this engine"):
        await debian.with_exec(["true"], experimental_privileged_nesting=True).sync()


@pytest.mark.parametrize("ask", [lambda c: c.terminal(), lambda c: c.experimental_with_all_gp_us()])
async def test_what_is_not_supported_says_so(debian, ask):
    with pytest.raises(dagger.QueryError, match=r"^Container\.\w+ is not supported by this engine: "):
        await ask(debian).sync()


async def test_proxy_variables_are_given_in_both_spellings(once):
    step = once.with_env_variable("http_proxy", "http://proxy:1").with_exec(sh("echo $HTTP_PROXY $http_proxy"))
    assert await step.stdout() == "http://proxy:1 http://proxy:1\n"


async def test_no_telemetry_is_set_up_in_containers(once):
    assert "OTEL_" not in await once.with_exec(["env"]).stdout()
