"""What is mounted into a container, beyond the recorded cases."""

from __future__ import annotations

import dagger
import pytest

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root


async def test_an_outer_mount_takes_the_inner_one_away(dag, debian):
    mounted = debian.with_mounted_temp("/a/b").with_mounted_directory("/a", dag.directory())
    assert await mounted.mounts() == ["/a"]
    assert await mounted.with_mounted_temp("/a/b").mounts() == ["/a", "/a/b"]


async def test_a_mount_hides_what_is_below_and_leaves_it_there(dag, once):
    mounted = once.with_new_file("/m/old", "old").with_mounted_directory(
        "/m", dag.directory().with_new_file("new", "x")
    )
    assert await mounted.directory("/m").entries() == ["new"]
    assert await mounted.rootfs().directory("m").entries() == ["old"]
    assert await mounted.without_mount("/m").directory("/m").entries() == ["old"]


async def test_a_read_only_mount_refuses_writes(dag, once):
    mounted = once.with_mounted_directory("/m", dag.directory(), read_only=True)
    with pytest.raises(dagger.ExecError) as caught:
        await mounted.with_exec(["touch", "/m/f"]).sync()
    assert "Read-only file system" in caught.value.stderr


async def test_a_mounted_file_can_not_be_replaced_but_written(dag, once):
    mounted = once.with_mounted_file("/f", dag.file("f", "old"))
    assert await mounted.with_exec(sh("echo new > /f")).file("/f").contents() == "new\n"
    with pytest.raises(dagger.ExecError) as caught:
        await mounted.with_exec(sh("echo new > /g; mv /g /f")).sync()
    assert "busy" in caught.value.stderr


@pytest.mark.parametrize(
    "change",
    [
        lambda c, dag: c.with_file("/m", dag.file("given", "new")),
        lambda c, dag: c.with_new_file("/m", "new"),
        lambda c, dag: c.with_directory("/m", dag.directory().with_new_file("m", "new")),
    ],
)
async def test_what_takes_the_place_of_a_mounted_file_is_in_the_root(dag, once, change):
    changed = change(once.with_mounted_file("/m", dag.file("m", "mounted")), dag)
    assert await changed.mounts() == []
    assert await changed.with_exec(sh("cat /m || cat /m/m")).stdout() == "new"
    assert await changed.rootfs().exists("m")


async def test_a_directory_is_merged_into_a_mounted_one(dag, once):
    mounted = once.with_mounted_directory("/m", dag.directory().with_new_file("a", "1"))
    merged = mounted.with_directory("/m", dag.directory().with_new_file("b", "2"))
    assert await merged.mounts() == ["/m"]
    assert await merged.directory("/m").entries() == ["a", "b"]


async def test_a_temporary_file_system_has_its_size_and_everyone_s_mode(once):
    mounted = once.with_mounted_temp("/m", size=65536)
    assert (
        await mounted.with_exec(sh("stat -c %a /m; echo $(df -k --output=size /m | tail -1)")).stdout() == "1777\n64\n"
    )


async def test_a_mounted_secret_is_root_s_alone_unless_asked_otherwise(dag, once):
    users = once.with_exec(sh("groupadd -g 1500 web && useradd -u 1501 -g web django"))
    secret = dag.set_secret("mounted", "top")
    container = users.with_mounted_secret("/a", secret).with_mounted_secret(
        "/b", secret, owner="django:web", mode=0o440
    )
    shown = await container.with_exec(["stat", "-c", "%a %u:%g", "/a", "/b"]).stdout()
    assert shown == "400 0:0\n440 1501:1500\n"
    assert await container.mounts() == []


async def test_a_mounted_secret_is_taken_away_by_its_path(dag, once):
    container = once.with_mounted_secret("/a", dag.set_secret("gone", "top")).without_mount("/a")
    assert await container.with_exec(sh("ls /a || echo missing")).stdout() == "missing\n"


async def test_the_path_of_a_mounted_secret_is_not_there(dag, once):
    container = once.with_mounted_secret("/run/s", dag.set_secret("unseen", "top")).with_exec(["cat", "/run/s"])
    assert await container.stdout() == "***"
    with pytest.raises(dagger.QueryError, match="no such file or directory"):
        await container.file("/run/s").contents()
    assert await container.rootfs().exists("run/s") is False


async def test_the_later_of_two_secrets_of_a_name_wins(dag, once):
    container = once.with_secret_variable("S", dag.set_secret("short", "abc"))
    container = container.with_secret_variable("S", dag.set_secret("long", "abcdefghi"))
    assert await container.with_exec(sh("echo ${#S}")).stdout() == "9\n"


async def test_a_cache_is_written_by_a_failed_command_too(dag, once):
    container = once.with_mounted_cache("/c", dag.cache_volume(f"failed {await once.env_variable('TEST')}"))
    with pytest.raises(dagger.ExecError):
        await container.with_exec(sh("echo kept > /c/f; false")).sync()
    assert await container.with_exec(["cat", "/c/f"]).stdout() == "kept\n"


async def test_one_volume_may_be_mounted_twice(dag, once):
    volume = dag.cache_volume(f"twice {await once.env_variable('TEST')}")
    container = once.with_mounted_cache("/c", volume, sharing=dagger.CacheSharingMode.LOCKED)
    container = container.with_mounted_cache("/d", volume, sharing=dagger.CacheSharingMode.LOCKED)
    assert await container.with_exec(sh("echo x > /c/f; cat /d/f")).stdout() == "x\n"


async def test_a_path_of_a_mount_may_be_expanded(dag, debian):
    container = debian.with_env_variable("D", "/d").with_mounted_directory("$D/m", dag.directory(), expand=True)
    assert await container.mounts() == ["/d/m"]


async def test_a_missing_socket_of_the_host_fails_at_use(dag, once, tmp_path):
    container = once.with_unix_socket("/s", dag.host().unix_socket(str(tmp_path / "nope")))
    with pytest.raises(dagger.QueryError):
        await container.with_exec(["true"]).sync()
