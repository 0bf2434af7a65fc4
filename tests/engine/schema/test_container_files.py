"""Files of a container, beyond the recorded cases."""

from __future__ import annotations

import dagger
import pytest

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root


@pytest.fixture
def users(once):
    """A container with a user `django` (1501, primary group `web`, 1500)."""
    return once.with_exec(sh("groupadd -g 1500 web && useradd -u 1501 -g web -m -d /home/django django"))


async def stat(container, *paths, form="%n %a %u:%g"):
    shown = await container.with_exec(["stat", "-c", form, *paths]).stdout()
    return shown.splitlines()


async def test_the_group_of_an_owner_is_the_user_s_number(users, dag):
    tree = dag.directory().with_new_file("sub/f", "x")
    owned = users.with_directory("/p/q/app", tree, owner="django")
    assert await stat(owned, "/p", "/p/q", "/p/q/app", "/p/q/app/sub", "/p/q/app/sub/f", form="%n %u:%g") == [
        "/p 0:0",
        "/p/q 0:0",
        "/p/q/app 1501:1501",
        "/p/q/app/sub 1501:1501",
        "/p/q/app/sub/f 1501:1501",
    ]


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ("ghost", "failed to resolve ownership for ghost: find uid: no such user: ghost"),
        ("django:ghosts", "failed to resolve ownership for django:ghosts: find gid: no such group: ghosts"),
    ],
)
async def test_an_unknown_owner_is_named(users, owner, message):
    with pytest.raises(dagger.QueryError, match=message):
        await users.with_new_file("/f", "x", owner=owner).sync()


async def test_a_container_without_users_knows_no_owner(dag):
    with pytest.raises(dagger.QueryError, match="open /etc/passwd: no such file or directory"):
        await dag.container().with_directory("/x", dag.directory(), owner="bob").sync()


async def test_a_user_of_the_container_is_no_owner_of_what_is_copied(users, dag):
    assert await stat(users.with_user("django").with_new_file("/f", "x").with_user("root"), "/f") == ["/f 644 0:0"]


@pytest.mark.parametrize(("permissions", "mode"), [(None, "644"), (0o600, "600"), (0, "644"), (0o755, "755")])
async def test_a_new_file_has_the_mode_that_was_asked_for(once, permissions, mode):
    options = {} if permissions is None else {"permissions": permissions}
    assert await stat(once.with_new_file("/f", "x", **options), "/f") == [f"/f {mode} 0:0"]


async def test_a_new_file_of_an_owner_has_parents_of_root(users):
    owned = users.with_new_file("/deep/a/b", "x", owner="django")
    assert await stat(owned, "/deep", "/deep/a", "/deep/a/b") == [
        "/deep 755 0:0",
        "/deep/a 755 0:0",
        "/deep/a/b 644 1501:1501",
    ]


@pytest.mark.parametrize("path", ["/etc/", "/etc", "/etc/given"])
async def test_a_file_goes_into_a_directory_under_its_own_name(once, dag, path):
    found = "/etc/given"
    assert await once.with_file(path, dag.file("given", "x")).file(found).contents() == "x"


async def test_a_slash_at_the_end_makes_a_directory(once, dag):
    assert await once.with_file("/new/", dag.file("given", "x")).directory("/new").entries() == ["given"]


async def test_a_file_keeps_its_mode_unless_another_is_asked_for(once, dag):
    file = dag.file("f", "x", permissions=0o755)
    assert await stat(once.with_file("/a", file).with_file("/b", file, permissions=0o400), "/a", "/b") == [
        "/a 755 0:0",
        "/b 400 0:0",
    ]


async def test_files_of_a_directory_are_each_named_by_themselves(once, dag):
    container = once.with_files("/new", [dag.file("a", "1"), dag.file("b", "2")])
    assert await container.directory("/new").entries() == ["a", "b"]


async def test_a_merged_directory_takes_the_mode_of_the_source(once, dag):
    source = once.with_exec(sh("mkdir -m 700 /s; echo x > /s/x")).directory("/s")
    merged = once.with_exec(sh("mkdir -m 755 /app; echo k > /app/keep")).with_directory("/app", source)
    assert await merged.directory("/app").entries() == ["keep", "x"]
    assert await stat(merged, "/app") == ["/app 700 0:0"]


async def test_permissions_of_a_directory_are_taken_and_ignored(once, dag):
    tree = dag.directory().with_new_file("f", "x")
    assert await stat(once.with_directory("/d", tree, permissions=0o700), "/d/f") == ["/d/f 644 0:0"]


async def test_files_land_where_a_linked_directory_leads(once, dag):
    linked = once.with_exec(sh("mkdir /real; ln -s /real /s")).with_directory(
        "/s", dag.directory().with_new_file("f", "x")
    )
    assert await linked.file("/real/f").contents() == "x"
    assert await linked.with_exec(["readlink", "/s"]).stdout() == "/real\n"


async def test_a_link_over_something_is_refused(once):
    linked = once.with_symlink("a", "/x/l")
    assert await linked.with_exec(["readlink", "/x/l"]).stdout() == "a\n"
    with pytest.raises(dagger.QueryError, match="file exists"):
        await linked.with_symlink("a", "/x/l").sync()


async def test_hard_links_times_and_special_modes_are_copied(once):
    made = once.with_exec(
        sh("mkdir /s; echo x > /s/a; ln /s/a /s/b; chmod 4755 /s/a; touch -d @1000000000 /s/a; touch -d @1000000001 /s")
    )
    copied = once.with_directory("/t", made.directory("/s"))
    assert await stat(copied, "/t/a", "/t/b", "/t", form="%n %a %h %Y") == [
        "/t/a 4755 2 1000000000",
        "/t/b 4755 2 1000000000",
        "/t 755 2 1000000001",
    ]


async def test_a_removed_path_may_be_missing_and_may_be_a_pattern(once):
    made = once.with_exec(sh("mkdir -p /c/d; touch /c/a.conf /c/b.conf /c/keep /c/d/x"))
    left = made.without_file("/nope").without_files(["/c/*.conf", "/no/*"]).without_directory("/c/d")
    assert await left.directory("/c").entries() == ["keep"]


async def test_removing_nothing_named_empties_the_working_directory(once):
    made = once.with_exec(sh("mkdir -p /w/d; touch /w/a")).with_workdir("/w")
    assert await made.without_directory("").exists("/w/a") is False


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda c: c.directory("/nope").entries(), "no such file or directory"),
        (lambda c: c.file("/nope").contents(), "no such file or directory"),
        (lambda c: c.stat("/nope").size(), "no such file or directory"),
        (lambda c: c.directory("/etc/passwd").entries(), "path /etc/passwd is a file, not a directory"),
        (lambda c: c.file("/etc").contents(), "path /etc is a directory, not a file"),
        (lambda c: c.with_workdir("/new").directory("/new").entries(), "no such file or directory"),
        (
            lambda c: c.with_new_file("/" + "a" * 256, "x").sync(),
            "File name length exceeds the maximum supported 255 characters",
        ),
    ],
)
async def test_what_is_wrong_with_a_path_is_said(debian, ask, message):
    with pytest.raises(dagger.QueryError, match=message):
        await ask(debian)


async def test_the_empty_path_does_not_exist(debian):
    assert await debian.exists("") is False


@pytest.mark.parametrize(
    "ask", [lambda c: c.directory("/m/x").sync(), lambda c: c.exists("/m"), lambda c: c.stat("/m").size()]
)
async def test_a_temporary_file_system_can_not_be_read(debian, ask):
    with pytest.raises(dagger.QueryError, match=r"/m.*: cannot retrieve path from tmpfs"):
        await ask(debian.with_mounted_temp("/m"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.directory("/m").sync(),
        lambda c: c.file("/m/f").sync(),
        lambda c: c.with_new_file("/m/f", "x").sync(),
    ],
)
async def test_a_cache_can_not_be_read_or_written(dag, debian, ask):
    with pytest.raises(dagger.QueryError, match=r"/m.*: cannot retrieve path from cache"):
        await ask(debian.with_mounted_cache("/m", dag.cache_volume("files")))


async def test_an_expanded_path_uses_the_variables_of_the_image(once):
    container = once.with_env_variable("D", "/some").with_new_file("$D/f", "x", expand=True)
    assert await container.file("${D}/f", expand=True).contents() == "x"
