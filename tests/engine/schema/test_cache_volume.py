"""What a call makes of a cache volume, beyond the recorded cases."""

from __future__ import annotations

import os

import dagger
import pytest

from tests.engine.schema.conftest import sh

pytestmark = pytest.mark.root


@pytest.fixture
def volume(dag):
    return dag.cache_volume(os.urandom(8).hex())


async def test_a_volume_of_another_sharing_is_another_volume(once, volume):
    await once.with_mounted_cache("/c", volume).with_exec(sh("echo x > /c/f")).sync()
    locked = once.with_mounted_cache("/c", volume, sharing=dagger.CacheSharingMode.LOCKED)
    assert await locked.with_exec(["ls", "/c"]).stdout() == ""


async def test_a_volume_belongs_to_its_owner_from_its_first_use(once, volume):
    users = once.with_exec(sh("useradd -u 1501 django"))
    owned = users.with_mounted_cache("/c", volume, owner="django")
    assert await owned.with_exec(["stat", "-c", "%u:%g %a", "/c"]).stdout() == "1501:1501 755\n"


async def test_a_volume_of_other_contents_is_another_volume(dag, once, volume):
    def seeded(text):
        return once.with_mounted_cache("/c", volume, source=dag.directory().with_new_file("f", text))

    assert await seeded("one").with_exec(sh("cat /c/f; echo changed > /c/f")).stdout() == "one"
    assert await seeded("one").with_exec(["cat", "/c/f"]).stdout() == "changed\n"
    assert await seeded("two").with_exec(["cat", "/c/f"]).stdout() == "two"


async def test_what_is_said_where_it_is_made_counts_as_well(dag, once):
    key = os.urandom(8).hex()
    one = dag.cache_volume(key, sharing=dagger.CacheSharingMode.LOCKED)
    other = dag.cache_volume(key)
    await once.with_mounted_cache("/c", one).with_exec(sh("echo x > /c/f")).sync()
    assert await once.with_mounted_cache("/c", other).with_exec(["ls", "/c"]).stdout() == ""
    again = once.with_mounted_cache("/d", other, sharing=dagger.CacheSharingMode.LOCKED)
    assert await again.with_exec(["ls", "/d"]).stdout() == "f\n"


async def test_an_owner_without_a_container_is_a_number(dag, once):
    volume = dag.cache_volume(os.urandom(8).hex(), owner="7:8")
    assert await once.with_mounted_cache("/c", volume).with_exec(["stat", "-c", "%u:%g", "/c"]).stdout() == "7:8\n"
