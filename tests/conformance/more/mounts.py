"""Mounts: further answers, each with the place in Dagger's repository that asserts it."""

import dagger
from dagger import CacheSharingMode, dag


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


async def _sh(container, script):
    return (await container.with_exec(["sh", "-c", script]).stdout()).splitlines()


def _source():
    return dag.directory().with_new_file("some-file", "some-content").with_new_file("some-dir/sub-file", "sub-content")


# container_test.go TestWithMountedDirectorySourcePath, TestWithMountedDirectoryPropagation
async def a_mount_of_a_subdirectory_and_its_changes(t):
    sub = _source().directory("some-dir")
    c = t.base.with_mounted_directory("/mnt", sub).with_exec(["sh", "-c", "echo >> /mnt/sub-file; printf more >> /mnt/sub-file"])
    back = c.with_mounted_directory("/mnt", sub)
    return [await _sh(c, "cat /mnt/sub-file; ls /mnt"), await _sh(back, "cat /mnt/sub-file"), await sub.file("sub-file").contents()]


# container_test.go TestWithDirectory: into a mount, and at a path below one
async def with_directory_into_mounts(t):
    c = t.base.with_workdir("/workdir").with_mounted_directory("mnt/mount", dag.directory().with_new_file("mounted-file", "m"))
    c = c.with_directory("mnt/mount/dst/with-dir", _source().directory("some-dir"))
    d = t.base.with_mounted_directory("/mnt", dag.directory().with_new_directory("/a/b/c", permissions=0o755))
    d = d.with_directory("/mnt/a/b/foo", dag.directory().with_new_file("/foo/some-file", "some-content"))
    return [
        await _sh(c, "cat mnt/mount/mounted-file; echo; cat mnt/mount/dst/with-dir/sub-file"),
        await _sh(d, "cat /mnt/a/b/foo/foo/some-file; ls /mnt/a/b"),
        await c.rootfs().exists("workdir/mnt/mount/dst"),
    ]


# container_test.go TestMountsWithoutMount, TestReplacedMounts
async def mounts_that_replace_and_clobber(t):
    def mounted(text):
        return dag.directory().with_new_file("some-file", text)

    c = t.base.with_directory("/mnt/dir", dag.directory()).with_mounted_temp("/mnt/tmp").with_mounted_directory("/mnt/dir", mounted("lower"))
    gone = c.with_exec(["true"]).without_mount("/mnt/dir")
    replaced = t.base.with_mounted_directory("/mnt/dir", mounted("lower")).with_mounted_directory("/mnt/dir", mounted("upper"))
    clobbered = replaced.with_mounted_directory("/mnt", mounted("clobbered"))
    again = clobbered.with_mounted_directory("/mnt/dir", mounted("sub"))
    return [
        await c.mounts(), await gone.mounts(), await _sh(gone, "ls /mnt/dir"), await _sh(replaced, "cat /mnt/dir/some-file"),
        await replaced.without_mount("/mnt/dir").mounts(), await clobbered.mounts(), await _sh(clobbered, "cat /mnt/some-file; ls /mnt"),
        await again.mounts(), await _sh(again, "cat /mnt/dir/some-file /mnt/some-file"),
        await again.without_mount("/mnt").mounts(), await _sh(again.without_mount("/mnt"), "cat /mnt/dir/some-file; ls /mnt"),
    ]


# container_test.go TestDirectory: a mount inside a mount, written to and read back
async def a_mount_inside_a_mount_is_written(t):
    s = _source()
    c = t.base.with_mounted_directory("/mnt/dir", s).with_mounted_directory("/mnt/dir/overlap", s)
    c = c.with_exec(["sh", "-c", "echo hello >> /mnt/dir/overlap/another-file; echo x > /mnt/dir/top"])
    return [
        await c.directory("/mnt/dir/overlap").glob("**"), await c.directory("/mnt/dir").glob("**"),
        await _sh(t.base.with_mounted_directory("/m", c.directory("/mnt/dir/overlap")), "cat /m/another-file"),
    ]


# container_test.go TestDirectoryErrors, TestFileErrors
async def errors_of_paths_in_mounts(t):
    c = t.base.with_mounted_directory("/mnt/dir", _source())
    tmp = t.base.with_mounted_temp("/mnt/tmp")
    cache = t.base.with_mounted_cache("/mnt/cache", dag.cache_volume(t.unique))
    secret = t.base.with_mounted_secret("/sekret", dag.set_secret(f"s-{t.unique}", "x"))
    return [
        await _message(c.directory("/mnt/dir/some-file").entries(), "path /mnt/dir/some-file is a file, not a directory"),
        await _message(c.directory("/mnt/dir/bogus").entries(), "bogus: no such file or directory"),
        await _message(tmp.directory("/mnt/tmp/bogus").entries(), "bogus: cannot retrieve path from tmpfs"),
        await _message(cache.directory("/mnt/cache/bogus").entries(), "bogus: cannot retrieve path from cache"),
        await _message(c.file("/mnt/dir/some-dir").contents(), "path /mnt/dir/some-dir is a directory, not a file"),
        await _message(c.file("/mnt/dir/bogus").contents(), "bogus: no such file or directory"),
        await _message(tmp.file("/mnt/tmp/bogus").contents(), "bogus: cannot retrieve path from tmpfs"),
        await _message(cache.file("/mnt/cache/bogus").contents(), "bogus: cannot retrieve path from cache"),
        await _message(secret.file("/sekret").contents(), "no such file or directory"),
    ]


# container.go Exists, Stat: below a temp mount and a cache they raise, below a mounted directory they look
async def exists_and_stat_in_mounts(t):
    c = t.base.with_mounted_directory("/m", _source()).with_mounted_temp("/t").with_mounted_cache("/c", dag.cache_volume(t.unique))
    c = c.with_mounted_file("/f", _source().file("some-file"))
    return [
        [await _outcome(c.exists(p)) for p in ["/m", "/m/some-file", "/m/nope", "/f", "/t", "/t/x", "/c", "/c/x"]],
        [await _outcome(c.stat(p).name()) for p in ["/m/some-file", "/m/nope", "/f", "/t/x", "/c/x"]],
    ]


# container.go WithFile, WithDirectory, WithSymlink at mount points (§3.8)
async def files_at_mount_points(t):
    f = dag.file("new", "new")
    c = t.base.with_new_file("/f", "root").with_mounted_file("/f", _source().file("some-file"))
    d = t.base.with_mounted_directory("/m", _source())
    g = t.base.with_new_file("/f", "root").with_mounted_file("/g", _source().file("some-file"))
    return [
        [await c.with_file("/f", f).mounts(), await c.with_file("/f", f).file("/f").contents()],
        [await c.with_new_file("/f", "x").mounts(), await c.with_new_file("/f", "x").file("/f").contents()],
        [await d.with_file("/m/some-file", f).file("/m/some-file").contents(), await d.with_file("/m/some-file", f).mounts()],
        [await d.with_directory("/m", dag.directory().with_new_file("more", "")).directory("/m").entries()],
        await d.with_directory("/m", dag.directory().with_new_file("more", "")).mounts(),
        [await g.with_symlink("f", "/g").mounts(), await g.with_symlink("f", "/g").file("/g").contents()],
        [await d.with_symlink("g", "/m").mounts(), await d.with_symlink("g", "/m").exists("/m", expected_type=dagger.ExistsType.SYMLINK_TYPE, do_not_follow_symlinks=True)],
        [await d.with_symlink("some-file", "/m/l").file("/m/l").contents(), await d.without_directory("/m/some-dir").directory("/m").entries()],
        await _outcome(t.base.with_mounted_temp("/t").with_new_file("/t/f", "x").sync()),
        await _outcome(t.base.with_mounted_cache("/c", dag.cache_volume(t.unique)).with_new_file("/c/f", "x").sync()),
    ]


# container_test.go TestWithMountedCacheOwner, cache.go: what names a volume
async def what_names_a_cache_volume(t):
    v = dag.cache_volume(t.unique)
    plain = t.base.with_mounted_cache("/c", v)
    await plain.with_exec(["touch", "/c/plain"]).sync()
    d = dag.directory().with_new_file("f", "1")
    return {
        "same": await _sh(t.base.with_mounted_cache("/elsewhere", dag.cache_volume(t.unique)), "ls /elsewhere"),
        "shared": await _sh(t.base.with_mounted_cache("/c", v, sharing=CacheSharingMode.SHARED), "ls /c"),
        "locked": await _sh(t.base.with_mounted_cache("/c", v, sharing=CacheSharingMode.LOCKED), "ls /c"),
        "owner": await _sh(t.base.with_mounted_cache("/c", v, owner="1000:1000"), "ls /c; stat -c %u:%g /c"),
        "source": await _sh(t.base.with_mounted_cache("/c", v, source=d), "ls /c"),
        "other source": await _sh(t.base.with_mounted_cache("/c", v, source=d.with_new_file("g", "2")), "ls /c"),
    }


# container_test.go TestWithMountedDirectoryOwner / ownership_test.go
async def owners_of_mounts(t):
    c = t.base.with_exec(["sh", "-c", "groupadd -g 1234 agroup; useradd -u 1234 -g agroup auser; groupadd -g 4321 bgroup"])
    answers = {}
    for owner in ["auser:agroup", "auser", "1234:4321", "0:0", "root", "auser:bgroup", "1234:agroup"]:
        d = c.with_mounted_directory("/d", _source(), owner=owner).with_mounted_file("/f", _source().file("some-file"), owner=owner)
        d = d.with_mounted_cache("/c", dag.cache_volume(t.unique), owner=owner)
        d = d.with_mounted_secret("/s", dag.set_secret(f"s-{t.unique}", "x"), owner=owner)
        answers[owner] = await _sh(d, "stat -c %u:%g /d /d/some-dir/sub-file /f /c /s | tr '\\n' ' '")
    return answers


# container_test.go TestWithUnixSocketOwner: unknown owners of every mount
async def unknown_owners_of_mounts(t):
    s = dag.set_secret(f"s-{t.unique}", "x")
    return [
        await _outcome(t.base.with_mounted_directory("/d", _source(), owner="ghost").with_exec(["true"]).sync()),
        await _outcome(t.base.with_mounted_file("/d", _source().file("some-file"), owner="ghost").with_exec(["true"]).sync()),
        await _outcome(t.base.with_mounted_cache("/d", dag.cache_volume(t.unique), owner="ghost").with_exec(["true"]).sync()),
        await _outcome(t.base.with_mounted_secret("/d", s, owner="ghost").with_exec(["true"]).sync()),
    ]


# container_test.go TestMountedFile: writing, and what the container and the source hold then
async def a_mounted_file_can_not_be_renamed_over(t):
    c = t.base.with_mounted_file("/x/f", _source().file("some-file"))
    return await _sh(c, "echo n > /x/n; mv /x/n /x/f 2>/dev/null && echo moved || echo refused; rm /x/f 2>/dev/null && echo removed || echo kept; cat /x/f")
