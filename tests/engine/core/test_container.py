"""What of a container a command could notice, and how its fields are changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.cache_volume import CacheVolume
from engine.core.container import Container, Executed, set_pair, without_pair
from engine.core.digest import digest_of
from engine.core.image_config import ImageConfig
from engine.core.mounts import CacheMount, SecretMount, SocketMount, TempMount, TreeMount
from engine.core.platform import Platform
from engine.core.port import Port
from engine.core.secret import Secret
from engine.core.service import ContainerService
from engine.core.tree import Owner, SnapshotId, Source

PLAIN = Container(platform=Platform.parse("linux/amd64"))
OWNER = Owner(uid=0, gid=0)
SECRET = Secret(name="s", identity=digest_of("s"), handle="one value")
OTHER_SECRET = Secret(name="t", identity=digest_of("t"), handle="x")
SERVICE = ContainerService(container=PLAIN, args=("srv",))
TREE = TreeMount(target="/m", source=Source(snapshot=SnapshotId("a")))


def secret_mount(**changes: object) -> Container:
    mount = SecretMount(target="/s", secret=SECRET, owner=OWNER, mode=0o400)
    return replace(PLAIN, secret_mounts=(replace(mount, **changes),))


def mounted(*mounts: object) -> Container:
    return replace(PLAIN, mounts=mounts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PLAIN, replace(PLAIN, rootfs=SnapshotId("x"))),
        (PLAIN, replace(PLAIN, platform=Platform.parse("linux/arm64"))),
        (PLAIN, PLAIN.with_config(env=(("A", "1"),))),
        (PLAIN.with_config(env=(("A", "1"),)), PLAIN.with_config(env=(("A", "2"),))),
        (PLAIN, PLAIN.with_config(user="django")),
        (PLAIN, PLAIN.with_config(workdir="/x")),
        (PLAIN, mounted(TREE)),
        (mounted(TREE), mounted(replace(TREE, target="/n"))),
        (mounted(TREE), mounted(replace(TREE, source=Source(snapshot=SnapshotId("b"))))),
        (mounted(TREE), mounted(replace(TREE, source=Source(snapshot=SnapshotId("a"), path="/b")))),
        (mounted(TREE), mounted(replace(TREE, read_only=True))),
        (mounted(TREE), mounted(replace(TREE, is_file=True))),
        (mounted(TempMount(target="/m")), mounted(TempMount(target="/m", size=1))),
        (
            mounted(CacheMount(target="/m", volume=CacheVolume(key="a"))),
            mounted(CacheMount(target="/m", volume=CacheVolume(key="b"))),
        ),
        (secret_mount(), secret_mount(target="/t")),
        (secret_mount(), secret_mount(secret=OTHER_SECRET)),
        (secret_mount(), secret_mount(owner=Owner(uid=1, gid=0))),
        (secret_mount(), secret_mount(mode=0o440)),
        (PLAIN, replace(PLAIN, sockets=(SocketMount(target="/s", host_path="/h", owner=OWNER),))),
        (replace(PLAIN, secret_variables=(("A", SECRET),)), replace(PLAIN, secret_variables=(("B", SECRET),))),
        (replace(PLAIN, secret_variables=(("A", SECRET),)), replace(PLAIN, secret_variables=(("A", OTHER_SECRET),))),
        (PLAIN, replace(PLAIN, volatile_variables=(("V", "1"),))),
        (PLAIN, replace(PLAIN, bindings=(("www", SERVICE),))),
        (replace(PLAIN, bindings=(("www", SERVICE),)), replace(PLAIN, bindings=(("db", SERVICE),))),
        (
            replace(PLAIN, bindings=(("www", SERVICE),)),
            replace(PLAIN, bindings=(("www", replace(SERVICE, args=("other",))),)),
        ),
    ],
)
def test_what_a_command_could_notice_counts(one: Container, other: Container) -> None:
    assert one.identity() != other.identity()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PLAIN, PLAIN.with_config(labels=(("a", "b"),))),
        (PLAIN, PLAIN.with_config(entrypoint=("e",))),
        (PLAIN, PLAIN.with_config(default_args=("e",))),
        (PLAIN, replace(PLAIN, annotations=(("a", "b"),))),
        (PLAIN, replace(PLAIN, image_ref="debian")),
        (
            PLAIN,
            replace(
                PLAIN, executed=Executed(exit_code=1, stdout=digest_of(1), stderr=digest_of(1), combined=digest_of(1))
            ),
        ),
        (replace(PLAIN, volatile_variables=(("V", "1"),)), replace(PLAIN, volatile_variables=(("V", "2"),))),
        (
            replace(PLAIN, secret_variables=(("A", SECRET),)),
            replace(PLAIN, secret_variables=(("A", replace(SECRET, handle="another value")),)),
        ),
        (secret_mount(), secret_mount(secret=replace(SECRET, handle="another value"))),
        (replace(PLAIN, ports=(Port(port=80),)), replace(PLAIN, ports=(Port(port=80, description="d"),))),
        (
            mounted(replace(TREE, counts="content")),
            mounted(replace(TREE, counts="content", source=Source(snapshot=SnapshotId("b")))),
        ),
    ],
)
def test_what_a_command_can_not_notice_does_not_count(one: Container, other: Container) -> None:
    assert one.identity() == other.identity()


def test_a_pair_is_set_in_its_place_or_at_the_end() -> None:
    pairs = (("A", "1"), ("B", "2"))
    assert set_pair(pairs, "A", "3") == (("A", "3"), ("B", "2"))
    assert set_pair(pairs, "C", "3") == (("A", "1"), ("B", "2"), ("C", "3"))


def test_a_name_may_be_taken_out_that_is_not_there() -> None:
    assert without_pair((("A", "1"), ("B", "2")), "A") == (("B", "2"),)
    assert without_pair((("A", "1"),), "C") == (("A", "1"),)


def test_a_changed_container_is_not_the_image_that_it_came_from() -> None:
    pulled = replace(PLAIN, image_ref="debian@sha256:1")
    assert pulled.with_config(user="u").image_ref == ""
    assert pulled.changed(image_ref="other").image_ref == "other"


def test_a_variable_that_is_empty_is_not_a_missing_one() -> None:
    container = PLAIN.with_config(env=(("A", ""),))
    assert container.env_variable("A") == ""
    assert container.env_variable("B") is None


def test_a_tree_shown_in_place_of_another_counts_by_itself() -> None:
    mount = replace(TREE, counts="content")
    changed = mounted(TempMount(target="/t"), mount).with_mount_source(mount, Source(snapshot=SnapshotId("b")))
    assert changed.mounts == (TempMount(target="/t"), replace(TREE, source=Source(snapshot=SnapshotId("b"))))


def test_a_container_of_nothing_has_an_empty_configuration() -> None:
    assert PLAIN.rootfs == ""
    assert PLAIN.config == ImageConfig()
