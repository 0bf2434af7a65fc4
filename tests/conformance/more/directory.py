"""Directories: further answers, each with the place in Dagger's repository that asserts it."""

import os

import dagger
from dagger import dag


async def _outcome(awaitable):
    try:
        return await awaitable
    except dagger.ExecError:
        return "ExecError"
    except dagger.QueryError:
        return "QueryError"


async def _message(awaitable, text):
    """Whether the call fails with a message that holds `text`."""
    try:
        return await awaitable
    except dagger.QueryError as error:
        return text in str(error) or str(error)


async def _sh(t, directory, script):
    c = t.base.with_mounted_directory("/tree", directory).with_workdir("/tree")
    return (await c.with_exec(["sh", "-c", script]).stdout()).splitlines()


async def _found(directory, pattern, **options):
    return sorted(
        [[await r.file_path(), await r.line_number(), await r.matched_lines()] for r in await directory.search(pattern, **options)],
    )


# directory_test.go TestWithDirectory: "respects permissions"
async def modes_of_a_tree_are_kept_in_a_container(t):
    d = (
        dag.directory()
        .with_new_file("some-file", "some content", permissions=0o444)
        .with_new_directory("some-dir", permissions=0o444)
        .with_new_file("some-dir/sub-file", "sub-content", permissions=0o444)
    )
    c = t.base.with_directory("/p", d)
    return (await c.with_exec(["stat", "-c", "%A", "/p", "/p/some-file", "/p/some-dir", "/p/some-dir/sub-file"]).stdout()).split()


# directory_test.go TestWithDirectory: "copies directory contents to .", "scratch into scratch"
async def with_directory_to_the_top(t):
    d = dag.directory().with_new_file("some-dir/sub-file", "x").directory("some-dir")
    return [await dag.directory().with_directory(p, d).entries() for p in [".", "", "/", "./"]] + [
        await dag.directory().with_directory("/", dag.directory()).entries()
    ]


# directory_test.go TestWithDirectoryUnion
async def subdirectories_of_a_mount_can_be_merged(t):
    def made(name):
        c = t.base.with_mounted_directory("/working", dag.directory()).with_workdir("/working")
        d = c.with_new_file(f"data/{name}", name).directory("/working")
        return d.with_directory("/d", d.directory("/data")).without_directory("/data")

    c = t.base.with_directory("/", made("one")).with_directory("/", made("two"))
    return [await c.file("/d/one").contents(), await c.file("/d/two").contents(), await c.exists("/data")]


# directory_test.go TestDirectoryFilterIncludeExclude, TestWithDirectoryIncludeExclude
async def filters_of_a_subdirectory(t):
    d = dag.directory()
    for name in ["a.txt", "b.txt", "c.txt.rar", "subdir/d.txt", "subdir/e.txt", "subdir/f.txt.rar"]:
        d = d.with_new_file(name, "")
    s = d.directory("subdir")
    ignoring = d.with_new_file(".gitignore", "b.txt\nsubdir/\n")
    return [
        await s.filter(exclude=["*.rar"]).entries(),
        await dag.directory().with_directory(".", s, exclude=["*.rar"]).entries(),
        await d.filter(include=["a.txt"], exclude=["*.txt"]).entries(),
        await ignoring.filter(gitignore=True).entries(),
        await ignoring.filter(gitignore=True, include=["*.rar"]).entries(),
    ]


# directory_test.go TestWithFile: "dir reference is kept", "src filename is used dst is a directory"
async def with_file_to_a_directory_takes_the_name(t):
    f = dag.directory().with_new_file("sub/subterrain/some-file", "data").file("sub/subterrain/some-file")
    d2 = dag.directory().with_new_file("other", "o").with_new_directory("some-dir").directory("/some-dir").with_file("f", f)
    return [await dag.directory().with_file(p, f).glob("**") for p in [".", "", "/"]] + [
        await _outcome(d2.file("other").contents()), await d2.file("f").contents(),
    ]


# directory_test.go TestWithFiles: "sub trailing"
async def with_files_at_nested_paths(t):
    f = [dag.directory().with_new_file(n, n).file(n) for n in ["first", "second"]]
    return [await dag.directory().with_files(p, f).glob("**") for p in ["/", "/a/b/c", "/a/b/c/"]]


# directory_test.go TestWithTimestamps
async def timestamps_of_a_directory_of_a_container(t):
    c = t.base.with_workdir("/w").with_exec(["sh", "-c", "mkdir -p output/sub-dir; touch output/some-file output/sub-dir/sub-file"])
    d = c.directory("output").with_timestamps(499162500)
    return await _sh(t, d, "find . -mindepth 1 -printf '%P %Ts %u:%g %m\\n' | sort")


# directory_test.go TestWithoutPaths
async def without_patterns(t):
    d = dag.directory()
    for name in ["foo.txt", "b/foo.txt", "b/bar.txt", "b/data.json", "c/file-a1.txt", "c/file-a1.json", "c/file-b1.txt", "a1/x", "a2/y"]:
        d = d.with_new_file(name, "")
    sub = dag.directory().with_directory("subdir", dag.directory().with_new_file("some", "").with_new_file("other", "")).directory("subdir")
    return [
        await d.without_file("b/*.txt").entries(path="b"),
        await d.without_file("c/*a1*").entries(path="c"),
        await d.without_directory("a*").entries(),
        await sub.without_file("some").entries(),
        await d.without_files(["b/*.txt", "c/*.json"]).glob("**/*"),
        await d.without_directory("non-existent").entries(),
    ]


# directory_test.go TestDiff: "basic", "different subdirs", "equivalent subdirs", "lower scratch"
async def diff_of_unrelated_directories(t):
    a, b = dag.directory().with_new_file("a-file", "a"), dag.directory().with_new_file("b-file", "b")
    d = dag.directory().with_new_directory("sub").with_new_directory("submarine").with_new_file("sub/file1", "data1")
    d = d.with_new_file("submarine/file1", "data1").with_new_file("submarine/file2", "data2").with_timestamps(0)
    s = dag.directory().with_new_file("engine/x/y", "z").directory("engine")
    same = dag.directory().with_directory("engine", s).directory("engine")
    return [
        await a.diff(b).entries(), await b.diff(a).entries(), await a.diff(a).entries(),
        await d.directory("sub").diff(d.directory("submarine")).entries(),
        await s.diff(same).entries(), await dag.directory().diff(a).entries(), await a.diff(dag.directory()).entries(),
        await a.diff(dag.directory().with_directory("", a)).entries(),
    ]


# directory_test.go TestWithNewFileExceedingLength, TestWithFileExceedingLength
async def names_that_are_too_long(t):
    long = "b" * 260 + ".txt"
    told = "File name length exceeds the maximum supported 255 characters"
    return [
        await _message(dag.directory().with_new_file(long, "x").sync(), told),
        await _message(dag.directory().with_new_file(f"dir/{long}", "x").file(f"dir/{long}").sync(), told),
        await dag.directory().with_new_file("b" * 255, "x").file("b" * 255).contents(),
    ]


# directory_test.go TestFallbackMerge
async def a_subdirectory_put_back_at_its_own_path(t):
    s = dag.directory().with_new_file("/toplevel", "").with_new_file("/dir/lowerlevel", "").directory("/dir")
    return await dag.directory().with_directory("/dir", s).glob("**")


# directory_test.go TestGlob
async def globs_of_nested_directories(t):
    d = dag.directory()
    for name in [
        "main.go", "func.go", "test.md", "foo.txt", "README.txt", "subdir/foo.txt", "subdir/README.md", "subdir2/baz.txt",
        "subdir2/TESTING.md", "subdir/subsubdir/package.json", "subdir/subsubdir/index.mts", "subdir/subsubdir/JS.md",
    ]:
        d = d.with_new_file(name, "")
    d = d.with_new_directory("subdir2/subsubdir")
    odd = dag.directory()
    for name in ["foo/bar.md/w.md", "foo/bar.md/x.go", "foo/baz.go/y.md", "foo/baz.go/z.go"]:
        odd = odd.with_new_file(name, "")
    answers = []
    for s in [d, dag.directory().with_directory("foobar", d).directory("foobar"), dag.directory().with_directory("/f/b", d).directory("/f/b")]:
        answers.append([sorted(await s.glob(p)) for p in ["*.md", "**/*", "**/*.md", "subdir/**/*.md"]])
    return [
        answers[0], answers[0] == answers[1] == answers[2], sorted(await odd.glob("**/*.md")),
        await odd.directory("foo").glob("**/*.md"), await dag.directory().with_new_directory("foo").glob("**/*.md"),
        await dag.directory().glob("**/*"), await _message(dag.directory().directory("foo").glob("**/*"), "foo: no such file or directory"),
    ]


# directory_test.go TestDigest: a subdirectory counts by its contents, not by its name
async def digest_of_a_subdirectory_has_no_name(t):
    a = dag.directory().with_new_directory("a").with_new_file("a/foo.txt", "Hello, World!")
    b = dag.directory().with_new_directory("b").with_new_file("b/foo.txt", "Hello, World!")
    one = dag.directory().with_new_file("/foo.txt", "Hello, World!")
    return [
        await a.directory("a").digest() == await b.directory("b").digest(),
        await one.digest() == await one.directory("/").digest(),
        await dag.directory().digest() == await one.without_file("foo.txt").digest(),
    ]


# directory_test.go TestDirectoryName
async def names_of_directories(t):
    d = dag.directory().with_directory("nested", dag.directory()).with_directory("very/nested", dag.directory())
    return [
        await d.name(), await d.directory("nested").name(), await d.directory("very/nested").name(),
        await d.directory("very").directory("nested").name(),
        await _message(dag.directory().directory("foo").name(), "foo: no such file or directory"),
        await _message(dag.directory().directory("keep/../this").name(), "this: no such file or directory"),
    ]


# directory_test.go TestSearch
async def searches(t):
    d = (
        dag.directory().with_new_file("file1.txt", "Hello, World!\nThis is a --test-- file.\nWorld is great.")
        .with_new_file("file2.txt", "Hello, Dagger!\nThis is another test file.").with_new_file("subdir/file3.txt", "Hello from subdirectory!\nWorld tour.")
    )
    go = (
        dag.directory().with_new_file("main.go", 'package main\n\nfunc main() {\n\tfmt.Println("hello")\n}')
        .with_new_file("lib/helper.go", 'package lib\n\nfunc Helper() string {\n\treturn "help"\n}').with_new_file("README.md", "func x()\n")
    )
    code = dag.directory().with_new_file("dir/code.go", 'func main() {\n\tname := "Alice"\n\tage := 30\n}\n')
    cases = dag.directory().with_new_file("file.txt", "Hello\nhello\nHELLO")
    return {
        "literal": await _found(d, "World"),
        "hyphen": await _found(d, "-test"),
        "files": await _found(d, "World", files_only=True),
        "limit": len(await d.search("Hello", limit=2)),
        "regular": await _found(go, r"func \w+\(\)"),
        "lines": await _found(code, ':= "Alice"\n\tage', multiline=True),
        "expression of lines": await _found(code, r':= ".*"\n\s+age', multiline=True),
        "nothing": [await _found(dag.directory(), "x"), await _found(d, "nonexistent")],
        "below": await _found(d.directory("subdir"), "World"),
        "case": [await _found(cases, "Hello"), len(await cases.search("hello", insensitive=True))],
        "globs": [await _found(go, "func", globs=g) for g in [["*.go"], ["**/*.go"], ["*.md", "*.yaml"]]],
        "paths": [await _found(go, "func", paths=p) for p in [["lib"], ["/lib"], ["lib", "README.md"], ["/lib/../"]]],
        "outside": [await _outcome(_found(go, "x", paths=[p])) for p in ["../../etc/passwd", "some/../../etc/passwd"]],
        "both": await _found(go, "func", globs=["*.go"], paths=["lib"]),
    }


# directory_test.go TestSearch: "skip hidden files", "skip ignored files", "binary files are skipped", "paths option"
async def searches_that_skip(t):
    d = dag.directory().with_new_file("visible.txt", "target").with_new_file(".hidden.txt", "target").with_new_file("s/.hidden2.txt", "target")
    i = dag.directory().with_new_file("tracked.txt", "target").with_new_file("ignored.log", "target").with_new_file("build/o.bin", "target")
    i = i.with_new_file(".rgignore", "*.log\nbuild/")
    b = t.base.with_exec(["sh", "-c", "mkdir /d; echo 'text content' | tee /d/text.txt > /d/b; printf '\\0\\001' >> /d/b; echo 'text content' >> /d/b"])
    links = dag.directory().with_new_file("etc/passwd", "root:world passwd").with_symlink("/etc", "symlink")
    scoped = dag.directory().with_new_file("symlink", "im innocent").with_new_file("sub/etc/passwd", "root:world").with_symlink("/etc/passwd", "sub/symlink")
    return {
        "hidden": [[f for f, _, _ in await _found(d, "target", skip_hidden=s)] for s in [False, True]],
        "ignored": [[f for f, _, _ in await _found(i, "target", skip_ignored=s)] for s in [False, True]],
        "binary": [f for f, _, _ in await _found(b.directory("/d"), "content")],
        "links": [[m for _, _, m in await _found(links, "root", paths=[p])] for p in ["symlink", "symlink/passwd"]],
        "scoped": [m for _, _, m in await _found(scoped.directory("sub"), "root", paths=["symlink"])],
    }


# directory_test.go TestExport: to a relative path, and its return value
async def export_again_with_and_without_wipe(t):
    out = t.workdir / "out"
    d = dag.directory().with_new_file("README", "r").with_new_file("b", "b")
    told = [await d.export(str(out)) == str(out), sorted(os.listdir(out))]
    await d.without_file("README").export(str(out))
    told.append(sorted(os.listdir(out)))
    await d.without_file("README").export(str(out), wipe=True)
    return [*told, sorted(os.listdir(out))]


# core/directory.go withoutPathsFromSnapshot: a star makes a pattern, other wildcards alone do not; a path through a file fails
async def without_what_looks_like_a_pattern(t):
    d = dag.directory().with_new_file("a", "").with_new_file("b", "").with_new_file("[ab]", "").with_new_file("a?", "").with_new_file("ab", "")
    return [
        await d.without_file("[ab]").entries(), await d.without_file("a?").entries(), await d.without_file("[ab]*").entries(),
        await _outcome(d.without_file("a/x").entries()), await _outcome(d.without_directory("nope/x").entries()),
    ]


# core/directory.go layercopyMode: the mode of a copy keeps its special bits, that of a new file or directory does not
async def special_bits_in_permissions(t):
    f = dag.directory().with_new_file("f", "x", permissions=0o6755).file("f")
    d = (
        dag.directory().with_file("copy", f, permissions=0o4755).with_files("many", [f], permissions=0o2711)
        .with_directory("tree", dag.directory().with_new_file("g", "y"), permissions=0o2750).with_new_directory("new", permissions=0o3777)
    )
    c = t.base.with_file("/copy", f, permissions=0o4711)
    return [
        await _sh(t, d, "find . -mindepth 1 -printf '%P %m\\n' | sort"), (await c.with_exec(["stat", "-c", "%a", "/copy"]).stdout()).strip(),
    ]


# core/directory.go resolveDirectoryOwner, core/file.go Chown: names are those of the directory's own passwd and group
async def chown_by_names_of_the_directory(t):
    root = dag.directory().with_new_file("etc/passwd", "app:x:7:9::/:/bin/sh\n").with_new_file("etc/group", "team:x:8:\n").with_new_file("f", "")
    form = "stat -c '%n %u:%g' f d d/g"
    s = dag.directory().with_new_file("g", "")
    return [
        await _sh(t, root.chown("f", "app").with_directory("d", s), form),
        await _sh(t, root.chown("f", "app:team").with_directory("d", s, owner="app:team"), form),
        await _sh(t, root.with_directory("d", s, owner="app"), form),
        [await _outcome(_sh(t, root.chown("f", o), "true")) for o in ["", "ghost", "app:ghost", "7:", ":8"]],
        await _outcome(root.file("f").chown("").size()), await _outcome(s.file("g").chown("root:root").size()),
    ]


# core/directory.go WithNewFile, WithSymlink, Chown; util/layercopy copy_linux.go: what happens at links
async def writing_at_links(t):
    s = dag.directory().with_symlink("nowhere", "dangling").with_new_file("real/f", "1").with_symlink("real", "dir").with_symlink("real/f", "file")
    form = "find . -mindepth 1 -printf '%P %y %l\\n' | sort"
    tree = dag.directory().with_new_file("new", "2")
    return {
        "new file at a dangling link": await _sh(t, s.with_new_file("dangling", "x"), form),
        "file at a dangling link": await _sh(t, s.with_file("dangling", dag.file("n", "x")), form),
        "file at a linked directory": await _sh(t, s.with_file("dir", dag.file("n", "x")), form),
        "file at a linked file": [await _sh(t, s.with_file("file", dag.file("n", "x")), form), await s.with_file("file", dag.file("n", "x")).file("real/f").contents()],
        "directory at a dangling link": await _sh(t, s.with_directory("dangling", tree), form),
        "directory at a linked directory": await _sh(t, s.with_directory("dir", tree), form),
        "link over a directory": await _sh(t, s.with_directory("/", dag.directory().with_symlink("other", "real")), form),
        "directory over a link to one": await _sh(t, s.with_directory("/", dag.directory().with_new_file("dir/new", "2")), form),
        "link below a link": await _sh(t, s.with_symlink("f", "dir/l"), form),
        "owner through a link": await _sh(t, s.chown("dir", "5:6"), "find . -mindepth 1 -printf '%P %U:%G\\n' | sort"),
    }


# core/directory.go Stat, Exists: no path at all
async def no_path_at_all(t):
    d = dag.directory().with_new_file("f", "x")
    return [await d.exists(""), await _message(d.stat("").name(), "no such file or directory"), await d.exists("."), await d.exists("/")]


# core/directory.go WithNewFile, WithFile: slashes at the end
async def paths_with_a_slash_at_the_end(t):
    d = dag.directory()
    f = dag.file("name", "x")
    return [
        await d.with_new_file("a/b/", "x").glob("**"), await _outcome(d.with_new_file("", "x").entries()), await _outcome(d.with_new_file(".", "x").entries()),
        await d.with_file("a/b/", f).glob("**"), await d.with_file("a/.", f).glob("**"), await d.with_new_directory("a/b/").glob("**"),
        await d.with_directory("a/b/", dag.directory().with_file("", f)).glob("**"),
    ]


# core/changeset.go computeChanges, changeset_test.go
async def changes_of_a_moved_tree(t):
    old = dag.directory().with_new_file("keep", "k").with_new_file("gone/a", "1").with_new_file("gone/sub/b", "2").with_new_file("was-file", "x")
    new = old.without_directory("gone").without_file("was-file").with_new_file("was-file/now", "d").with_new_file("keep", "changed").with_new_file("x/y/z", "n")
    c = new.changes(old)
    return [sorted(await c.added_paths()), sorted(await c.modified_paths()), sorted(await c.removed_paths()),
            await new.changes(new).is_empty(), await c.layer().glob("**")]
