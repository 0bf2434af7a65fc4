"""Files: further answers, each with the place in Dagger's repository that asserts it."""

import hashlib
import os

import dagger
from dagger import JSON, dag


async def _outcome(awaitable):
    try:
        return await awaitable
    except dagger.ExecError:
        return "ExecError"
    except dagger.QueryError:
        return "QueryError"


async def _message(awaitable, text):
    try:
        return await awaitable
    except dagger.QueryError as error:
        return text in str(error) or str(error)


def _file(contents, name="test.txt", **options):
    return dag.directory().with_new_file(name, contents, **options).file(name)


# file_test.go TestDigest: without metadata it is the SHA-256 of the SHA-256, with it one of its own
async def digests(t):
    f = _file("Hello, World!", "foo.txt")
    content = hashlib.sha256(b"Hello, World!")
    return [
        await f.digest(exclude_metadata=True), await f.digest(exclude_metadata=True) == "sha256:" + content.hexdigest(),
        await _file("Hello, World!", permissions=0o777).digest(exclude_metadata=True) == await f.digest(exclude_metadata=True),
        await f.digest() == await f.digest(exclude_metadata=True),
    ]


# file_test.go TestSearch
async def searches(t):
    async def found(file, pattern, **options):
        return [[await r.file_path(), await r.line_number(), await r.matched_lines(), await r.absolute_offset()] for r in await file.search(pattern, **options)]

    code = _file('package main\n\nfunc main() {\n\tname := "Alice"\n\tage := 30\n}', "dir/code.go")
    python = _file('def hello():\n    print("Hello")\n\ndef world():\n    print("World")\n', "test.py")
    return [
        await found(_file("Hello, World!\nThis is a test file.\nWorld is great.\nGoodbye, World!"), "World"),
        await found(code, r"\w+ :="), await found(code, ':= "Alice"\n\tage', multiline=True, literal=True),
        await found(code, "nonexistent"), await found(_file("Hello\nhello\nHELLO\nHeLLo"), "hello", insensitive=True),
        await found(python, r"def \w+\(\):"), await found(_file("a.b\naxb"), "a.b", literal=True), len(await _file("x\n" * 9).search("x", limit=4)),
        [[await m.text(), await m.start(), await m.end()] for m in await (await _file("ab ab").search("ab"))[0].submatches()],
    ]


# file_test.go TestWithReplaced
async def replacements(t):
    three = _file("line 1: World\nline 2: text\nline 3: World\nline 4: World\nline 5: text")
    return [
        await _file("Hello, World!").with_replaced("World", "Universe").contents(),
        await _file("Hello, World!\nGoodbye, World!\n").with_replaced("World", "Universe", first_from=1).contents(),
        await three.with_replaced("World", "Universe", all=True).contents(), await three.with_replaced("World", "Universe", first_from=2).contents(),
        await _file("Start\nOld 1\nOld 2\nEnd").with_replaced("Old 1\nOld 2", "New").contents(),
        await _file("Price: $50.99\nTotal: $100.50").with_replaced("$50.99", "$75.25").contents(),
        await _file("Remove this and keep").with_replaced("Remove this and ", "").contents(),
        await _outcome(_file("Hello").with_replaced("NotFound", "x").contents()),
        await _outcome(_file("World and World").with_replaced("World", "x").contents()),
        await _outcome(_file("line 1\nline 2").with_replaced("line", "LINE", first_from=10).contents()),
        await _file("a b").with_replaced("a", "b").with_replaced("b b", "c").contents(),
        await _file("Hello").with_replaced("NotFound", "x", all=True).contents(),
        await three.with_replaced("World", "Universe", all=True, first_from=4).contents(),
        [await _file("a", permissions=0o640).with_replaced("a", "b").name(), await _file("a", permissions=0o640).with_replaced("a", "b").stat().permissions()],
    ]


# file_test.go TestFileRespectsSymlinks
async def links_in_a_container(t):
    c = t.base.with_workdir("/w").with_exec(["sh", "-c", "mkdir s; printf important > data; ln -s data d; ln -s ../data s/d; printf x > s/x; ln -s s/x e"])
    return [
        await c.file("d").contents(), await c.file("e").contents(), await c.file("s/d").contents(),
        await _outcome(c.directory("s").file("d").contents()), await c.file("d").name(),
    ]


# file_test.go TestExport: below a directory, over what is there
async def exports(t):
    d = dag.directory().with_new_file("/file", "content1").with_new_file("/subdir/file", "content2")
    one, two = t.workdir / "da-file", t.workdir / "da-file-2"
    await d.file("/subdir/file").export(str(one))
    await d.directory("/subdir").file("file").export(str(two))
    executable = t.workdir / "x"
    await _file("#!/bin/sh\n", permissions=0o744).export(str(executable))
    return [one.read_text(), two.read_text(), oct(executable.stat().st_mode & 0o777), await _outcome(d.file("/file").export(str(t.workdir))), sorted(os.listdir(t.workdir))]


# core/file.go NewFileWithContents, WithName
async def names_of_new_files(t):
    return [
        [await _outcome(dag.file(n, "x").name()) for n in ["a/b", "x.txt", "b" * 255]],
        await _message(dag.file("a/b", "x").contents(), "must not contain a directory"),
        await dag.directory().with_file("sub/", _file("1").with_name("n")).glob("**"),
        await dag.directory().with_file("", _file("1").with_name("baz")).file("baz").contents(),
        await _file("1").with_name("n").stat().name(),
    ]


# envfile_test.go, core/dotenv/dotenv_test.go: values, quotes and references
async def dotenv_values(t):
    file = dag.file(".env", 'animal=dog\nmessage=hello, nice ${animal}\nmessage2="hello, nice $animal"\nstory=once there was $message\n'
                            'QUOTED="double (with \\"), \'and single\'"\nsingle=\'hello, nice $animal\'\nlate=$last!\nlast=end\nempty=\nspaces=a   b c\n'
                            'default=${MISSING:-default}\nset=${animal:-cat}\nescaped=a\\ b\\ c\nspecial=!@#$%^&*()\n# comment=1\n\n')
    env = file.as_env_file()
    return [
        sorted([[await v.name(), await v.value()] for v in await env.variables()]),
        await env.get("message", raw=True), await env.get("QUOTED", raw=True), await env.get("nope"), await env.exists("nope"), await env.exists("empty"),
        sorted([[await v.name(), await v.value()] for v in await t.base.without_env_variable("PATH").with_env_file_variables(env).env_variables()])[:3],
    ]


# envfile_test.go TestEvalMatch, TestRemoveReferencedVariable, TestOverride, TestFile
async def dotenv_edits(t):
    env = dag.env_file().with_variable("GREETING", "bonjour").with_variable("NAME", "monde").with_variable("message", "$GREETING, $NAME!")
    over = dag.env_file().with_variable("FOO", "bar").with_variable("X", "1").with_variable("FOO", "newbar")
    text = 'animal=dog\nmessage2="hello, nice $animal"\n'
    return [
        await env.get("message"), await _outcome(env.without_variable("NAME").get("message")), await env.without_variable("NAME").get("message", raw=True),
        await over.get("FOO"), [await v.name() for v in await over.variables(raw=True)], await dag.file(".env", text).as_env_file().as_file().contents() == text,
        await over.as_file().name(),
        await dag.env_file().with_variable("j", '["ga", "bu", 42]').get("j"), await dag.env_file().with_variable("j", "'[\"ga\", 42]'").get("j"),
    ]


# dotenv_test.go: "error on missing variable", "can't self reference", "cycle detection"; dotenv.go: no declaration commands
async def dotenv_errors(t):
    texts = ["A=$MISSING", "A=1\nA=$A-x", "A=$B\nB=$A", "export A=1", "A = 1", 'A="open', "A=$(id)", "A=`id`", "my.key=1"]
    return [await _outcome(dag.file(".env", text).as_env_file().get("A")) for text in texts]


# envfile_test.go TestNamespace
async def dotenv_namespaces(t):
    async def kept(pairs, prefix):
        env = dag.env_file()
        for name, value in pairs.items():
            env = env.with_variable(name, value)
        return sorted([[await v.name(), await v.value()] for v in await env.namespace(prefix).variables()])

    app = {"my_app_token": "topsecret", "my_app_name": "petstore", "foo": "bar"}
    return [
        await kept({"animal_name": "daisy", "animal_species": "dog", "foo": "bar"}, "animal"), await kept({"ANIMAL_name": "daisy", "Animal_species": "dog"}, "animal"),
        await kept(app, "my_app"), await kept(app, "my_app_"), await kept({"my_app_token": "t", "myApp_name": "p", "MY_aPp_URL": "u"}, "my-app"),
    ]


# jsonvalue_test.go, file_test.go TestFileAsJSON, core/schema/jsonvalue.go
async def json_values(t):
    nested = dag.json().with_contents(JSON('{"user": {"name": "John", "age": 30, "profile": {"active": true}}}'))
    array = dag.json().with_contents(JSON('[1, "hello", true, null]'))
    items = await array.as_array()
    built = dag.json().with_field(["name"], dag.json().new_string("Bob")).with_field(["profile", "email"], dag.json().new_string("b@x"))
    return [
        await dag.json().new_integer(-123).as_integer(), await dag.json().new_string('a\n"q"').as_string(), await dag.json().new_boolean(False).as_boolean(),
        [await items[0].as_integer(), await items[1].as_string(), await items[2].as_boolean(), await items[3].contents()],
        await nested.field(["user", "name"]).as_string(), await nested.field(["user", "age"]).as_integer(), await nested.field(["user", "profile", "active"]).as_boolean(),
        sorted(await nested.field(["user"]).fields()), await built.contents(), await built.contents(pretty=True), await nested.contents(),
        await _file('{ "somekey": "somevalue" }', "f.json").as_json().field(["somekey"]).as_string(),
        await _message(_file("no").as_json().contents(), "invalid JSON"), await _outcome(nested.field([]).as_string()), await _outcome(nested.field(["no"]).contents()),
        await _outcome(nested.as_array()), await _outcome(array.fields()), await _outcome(array.as_string()), await dag.json().contents(),
    ]
