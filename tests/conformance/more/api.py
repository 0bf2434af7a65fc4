"""The API at large: further answers, each with the place in Dagger's repository that asserts it."""

import asyncio

import dagger
import gql
from dagger import dag


async def _outcome(awaitable):
    try:
        return await awaitable
    except dagger.ExecError:
        return "ExecError"
    except dagger.QueryError:
        return "QueryError"


async def _raw(query):
    return await dag._ctx.conn.session.execute(gql.gql(query))


# core/schema/legacy_id.go: every type can be loaded, and only as what it is
async def loading_every_type(t):
    c = t.base.with_env_variable("A", "1").with_label("l", "v").with_exposed_port(80, description="web").with_docker_healthcheck(["true"])
    d = dag.directory().with_new_file("f", "x y")
    port, label, env = (await c.exposed_ports())[0], (await c.labels())[0], (await c.env_variables())[-1]
    return [
        await dag.load_env_variable_from_id(dagger.EnvVariableID(await env.id())).name(), await dag.load_label_from_id(dagger.LabelID(await label.id())).value(),
        await dag.load_port_from_id(dagger.PortID(await port.id())).description(), await dag.load_file_from_id(dagger.FileID(await d.file("f").id())).contents(),
        await dag.load_stat_from_id(dagger.StatID(await d.stat("f").id())).size(),
        await dag.load_healthcheck_config_from_id(dagger.HealthcheckConfigID(await c.docker_healthcheck().id())).args(),
        await dag.load_changeset_from_id(dagger.ChangesetID(await d.changes(dag.directory()).id())).added_paths(),
        await dag.load_env_file_from_id(dagger.EnvFileID(await dag.env_file().with_variable("X", "1").id())).get("X"),
        await dag.load_json_value_from_id(dagger.JSONValueID(await dag.json().new_integer(7).id())).as_integer(),
        await dag.load_search_result_from_id(dagger.SearchResultID(await (await d.search("x"))[0].id())).file_path(),
        await _outcome(dag.load_container_from_id(dagger.ContainerID(await d.id())).user()), await _outcome(dag.load_file_from_id(dagger.FileID(await c.id())).size()),
    ]


# container_test.go TestParallelMutation: branches of one object in one query
async def branches_in_one_query(t):
    a = await _raw('{ container { a: withEnvVariable(name: "FOO", value: "BAR") { envVariable(name: "FOO") } b: envVariable(name: "FOO") c: withLabel(name: "l", value: "1") { label(name: "l") label2: label(name: "m") } } }')
    b = await _raw('query { directory { withNewFile(path: "f", contents: "x") { entries file(path: "f") { size name } __typename } } }')
    return [a, b]


# core/schema/query: variables, fragments, directives
async def queries_of_many_forms(t):
    session = dag._ctx.conn.session
    document = gql.gql("query Q($n: String!, $skip: Boolean!) { container { ...F label(name: $n) @skip(if: $skip) } } fragment F on Container { withUser(name: \"u\") { user } }")
    document.variable_values = {"n": "x", "skip": True}
    try:
        first = await session.execute(document)
    except TypeError:
        first = await session.execute(document, variable_values={"n": "x", "skip": True})
    return first


async def _error_path(awaitable):
    try:
        await awaitable
    except dagger.QueryError as error:
        return [error.error.path[-1], len(error.errors)]


# dagql/server.go: the path of an error names the field that failed
async def paths_of_errors(t):
    c = t.base.with_env_variable("U", t.unique)
    return [
        await _error_path(c.with_exec(["false"]).file("/x").contents()), await _error_path(c.file("/no").contents()),
        await _error_path(dag.directory().with_directory("d", c.directory("/no")).entries()), await _error_path(c.with_user("ghost").with_exec(["true"]).sync()),
    ]


# client.go: queries that their client gives up leave the others and the session alone
async def cancelled_queries(t):
    c = t.base.with_env_variable("U", t.unique)
    tasks = [asyncio.create_task(c.with_exec(["sleep", str(60 + n)]).sync()) for n in range(3)]
    await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    return [[type(d).__name__ for d in done], await c.with_exec(["echo", "alive"]).stdout()]


# core/container.go WithError, error.go: errors of one's own with values
async def errors_of_ones_own(t):
    error = dag.error("no way").with_value("code", dagger.JSON("42"))
    values = await error.values()
    return [await error.message(), [[await v.name(), await v.value()] for v in values]]


# cache_test.go: equal ends of different ways
async def equal_ends_of_different_ways(t):
    d = dag.directory().with_new_file("a", t.unique).with_new_file("b", "2")
    other = dag.directory().with_new_file("b", "2").with_new_file("x", "").with_new_file("a", t.unique).without_file("x")
    step = ["cat", "/proc/sys/kernel/random/uuid"]

    def run(container):
        return container.with_exec(step).stdout()

    base = t.base.with_env_variable("U", t.unique)
    return [
        await run(base.with_mounted_file("/f", d.file("a"))) == await run(base.with_mounted_file("/f", other.file("a"))),
        await run(base.with_mounted_directory("/d", d.directory("/"))) == await run(base.with_mounted_directory("/d", d)),
        await run(base.with_label("a", "1")) == await run(base.with_label("a", "2")), await run(base.with_entrypoint(["a"])) == await run(base),
        await run(base.with_annotation("a", "1")) == await run(base),
    ]
