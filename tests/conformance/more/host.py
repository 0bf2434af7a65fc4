"""The host: further answers, each with the place in Dagger's repository that asserts it."""

import os
import socket
import threading

import dagger
from dagger import dag


async def _outcome(awaitable):
    try:
        return await awaitable
    except dagger.ExecError:
        return "ExecError"
    except dagger.QueryError:
        return "QueryError"


def _files(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return str(folder)


# host_test.go TestWorkdirExcludeInclude / host.directory filters
async def filters(t):
    folder = _files(t.workdir / "d", ["a.txt", "b.txt", "c.txt.rar", "subdir/d.txt", "subdir/e.txt", "subdir/f.txt.rar"])
    host = dag.host()
    return {
        "exclude": await host.directory(folder, exclude=["*.rar"]).entries(),
        "exclude directory": await host.directory(folder, exclude=["subdir"]).entries(),
        "include": await host.directory(folder, include=["*.rar"]).entries(),
        "exclude overrides include": await host.directory(folder, include=["*.txt"], exclude=["b.txt"]).entries(),
        "include does not override exclude": await host.directory(folder, include=["a.txt"], exclude=["*.txt"]).entries(),
        "exclude all but": await host.directory(folder, exclude=["*", "!a.txt"]).glob("**"),
        "exclude all but below": await host.directory(folder, exclude=["*", "!subdir/d.txt"]).glob("**"),
        "deep": await host.directory(folder, exclude=["**/*.rar"]).glob("**"),
        "several": await host.directory(folder, include=["a.txt", "subdir/*.rar"]).glob("**"),
        "absolute and outside": await host.directory(folder, include=["/a.txt", "../x"]).glob("**"),
    }


# host_test.go TestSetsCorrectPermissions..., local cache: modes and names are part of what counts, times are not
async def changes_that_count(t):
    folder = t.workdir / "d"
    _files(folder, ["f", "g"])

    async def answer():
        d = dag.host().directory(str(folder), no_cache=True)
        return await t.base.with_env_variable("U", t.unique).with_mounted_directory("/d", d).with_exec(["cat", "/proc/sys/kernel/random/uuid"]).stdout()

    first = await answer()
    os.utime(folder / "f", (5, 5))
    touched = await answer()
    (folder / "f").chmod(0o755)
    chmodded = await answer()
    (folder / "f").chmod(0o644)
    back = await answer()
    (folder / "g").rename(folder / "h")
    renamed = await answer()
    (folder / "empty").mkdir()
    emptied = await answer()
    return [first == touched, first == chmodded, first == back, first == renamed, renamed == emptied]


# host_test.go TestLocalImportCacheReuse: what a filter left out does not count
async def what_is_left_out_does_not_count(t):
    folder = t.workdir / "d"
    _files(folder, ["kept", "left-out"])

    async def answer():
        d = dag.host().directory(str(folder), no_cache=True, exclude=["left-out"])
        return await t.base.with_env_variable("U", t.unique).with_mounted_directory("/d", d).with_exec(["cat", "/proc/sys/kernel/random/uuid"]).stdout()

    first = await answer()
    (folder / "left-out").write_text("changed")
    return first == await answer()


# host_test.go TestHardlinks / fsutil: hard links, deep trees, odd modes
async def odd_things_of_the_host(t):
    folder = t.workdir / "d"
    _files(folder, ["a", "x" * 200 + "/" + "y" * 200])
    os.link(folder / "a", folder / "b")
    os.mkfifo(folder / "pipe")
    (folder / "none").write_text("n")
    (folder / "none").chmod(0)
    (folder / "sticky").mkdir()
    (folder / "sticky").chmod(0o1777)
    c = t.base.with_mounted_directory("/d", dag.host().directory(str(folder))).with_workdir("/d")
    out = await c.with_exec(["sh", "-c", "find . -mindepth 1 -not -name 'y*' -not -name 'x*' -printf '%P %y %m %n\\n' | sort; find . -name 'y*' | wc -c; cat b"]).stdout()
    return out.splitlines()


# host_test.go TestUnixSocket
async def a_socket_of_the_host(t):
    path = t.workdir / "sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def echo():
        for _ in range(2):
            connection, _ = server.accept()
            with connection:
                connection.sendall(connection.recv(100).upper())

    threading.Thread(target=echo, daemon=True).start()
    script = "import socket, os, stat; s = socket.socket(socket.AF_UNIX); s.connect('/run/s'); s.sendall(b'hello'); print(s.recv(100).decode(), stat.S_ISSOCK(os.stat('/run/s').st_mode))"
    c = t.base.with_unix_socket("/run/s", dag.host().unix_socket(str(path)))
    out = await c.with_exec(["python3", "-c", script]).stdout()
    owned = t.base.with_unix_socket("/run/s", dag.host().unix_socket(str(path)), owner="daemon").with_user("daemon")
    return [out, await owned.with_exec(["python3", "-c", script]).stdout(), await c.without_unix_socket("/run/s").with_exec(["sh", "-c", "test -e /run/s || echo gone"]).stdout(), await c.mounts()]


# host.go: files and directories that are not what was asked for
async def wrong_kinds(t):
    folder = t.workdir / "d"
    _files(folder, ["f"])
    return [
        await _outcome(dag.host().directory(str(folder / "f")).entries()), await _outcome(dag.host().file(str(folder)).name()),
        await _outcome(dag.host().directory(str(folder / "f" / "x")).entries()), await _outcome(dag.host().directory(str(folder) + "/").entries()),
        await _outcome(dag.host().file(str(folder / "f")).name()), await _outcome(dag.host().unix_socket(str(folder / "no")).id()) != "",
    ]
