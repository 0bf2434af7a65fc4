"""The configuration of a container, beyond the recorded cases."""

from __future__ import annotations

import dagger
import pytest
from dagger import NetworkProtocol

pytestmark = pytest.mark.root


async def test_a_variable_is_replaced_in_its_place(dag):
    container = dag.container().with_env_variable("A", "1").with_env_variable("B", "2").with_env_variable("A", "3")
    found = [(await v.name(), await v.value()) for v in await container.env_variables()]
    assert found == [("A", "3"), ("B", "2")]


async def test_a_variable_uses_the_image_s(debian):
    path = await debian.env_variable("PATH")
    assert await debian.with_env_variable("P", "/x:$PATH", expand=True).env_variable("P") == f"/x:{path}"


async def test_the_default_path_is_not_written_down(dag):
    assert await dag.container().env_variable("PATH") is None


async def test_a_port_replaces_the_one_of_its_number_and_protocol(dag):
    container = (
        dag.container()
        .with_exposed_port(81, protocol=NetworkProtocol.UDP)
        .with_exposed_port(80)
        .with_exposed_port(80, description="d", experimental_skip_healthcheck=True)
    )
    found = [
        (await p.port(), await p.protocol(), await p.description(), await p.experimental_skip_healthcheck())
        for p in await container.exposed_ports()
    ]
    assert found == [(80, NetworkProtocol.TCP, "d", True), (81, NetworkProtocol.UDP, None, False)]


async def test_a_healthcheck_has_go_s_durations(dag):
    check = dag.container().with_docker_healthcheck(["true"], interval="90s", timeout="1.5s").docker_healthcheck()
    assert await check.args() == ["true"]
    assert [await check.interval(), await check.timeout(), await check.start_period()] == ["1m30s", "1.5s", "0s"]
    assert [await check.retries(), await check.shell()] == [0, False]


async def test_no_healthcheck_is_null(dag):
    with pytest.raises(dagger.InvalidQueryError, match="null response"):
        await dag.container().docker_healthcheck().args()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ([], {}, "WithHealthcheck args is missing"),
        (["a", "b"], {"shell": True}, "WithHealthcheck args must be a single element when shell mode is set"),
        (["a"], {"interval": "soon"}, "soon"),
    ],
)
async def test_a_wrong_healthcheck_is_refused(dag, arguments, options, message):
    with pytest.raises(dagger.QueryError, match=message):
        await dag.container().with_docker_healthcheck(arguments, **options).sync()


async def test_a_wrong_platform_is_refused(dag):
    with pytest.raises(dagger.QueryError, match=r'"x/y/z/w".*: invalid argument'):
        await dag.container(platform=dagger.Platform("x/y/z/w")).platform()


async def test_the_reference_of_an_image_is_known_after_from_only(debian):
    message = (
        "Image reference can only be retrieved immediately after the 'Container.From' call. "
        "Error in fetching imageRef as the container image is changed"
    )
    with pytest.raises(dagger.QueryError) as caught:
        await debian.image_ref()
    assert str(caught.value).startswith(message)


async def test_an_error_of_the_pipeline_is_raised_with_its_words(debian):
    with pytest.raises(dagger.QueryError, match=r"^boom"):
        await debian.with_error("boom").sync()
    await debian.with_error("").sync()


async def test_entrypoint_and_default_args_of_an_empty_container_are_empty(dag):
    assert await dag.container().entrypoint() == []
    assert await dag.container().default_args() == []
    assert [await dag.container().user(), await dag.container().workdir()] == ["", ""]


async def test_a_new_entrypoint_clears_the_default_args_unless_they_are_kept(dag):
    container = dag.container().with_default_args(["x"])
    assert await container.with_entrypoint(["e"]).default_args() == []
    assert await container.with_entrypoint(["e"], keep_default_args=True).default_args() == ["x"]
    assert await container.without_entrypoint(keep_default_args=True).default_args() == ["x"]


async def test_a_secret_variable_is_not_an_env_variable(dag):
    container = dag.container().with_secret_variable("S", dag.set_secret("config", "x"))
    assert await container.env_variable("S") is None
    assert await container.env_variables() == []


async def test_a_volatile_variable_is_seen_by_commands_only(once):
    container = once.with_volatile_variable("V", "1")
    assert await container.env_variable("V") is None
    assert await container.with_exec(["printenv", "V"]).stdout() == "1\n"
    with pytest.raises(dagger.ExecError):
        await container.without_volatile_variable("V").with_exec(["printenv", "V"]).sync()


async def test_variables_of_a_file_are_set_in_order(dag):
    file = dag.env_file().with_variable("A", "1").with_variable("B", "$A/b")
    container = dag.container().with_env_variable("A", "0").with_env_file_variables(file)
    assert [await container.env_variable("A"), await container.env_variable("B")] == ["1", "1/b"]
