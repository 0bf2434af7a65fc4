"""Ids: what they look like, what they load, what they refuse."""

from __future__ import annotations

import re

import dagger
import pytest

pytestmark = pytest.mark.root


async def test_equal_pipelines_have_equal_ids_that_look_like_no_number(dag):
    one, other = [await dag.directory().with_new_file("f", "x").id() for _ in range(2)]
    assert one == other
    assert not re.fullmatch(r"-?\d+", one)
    assert await dag.directory().with_new_file("f", "y").id() != one


async def test_an_id_does_not_run_anything(once):
    assert await once.with_exec(["false"]).id()


async def test_an_id_loads_its_object(dag):
    id_ = await dag.directory().with_new_file("f", "x").id()
    assert await dag.load_directory_from_id(dagger.DirectoryID(id_)).entries() == ["f"]


async def test_an_id_of_another_type_is_refused(dag):
    id_ = await dag.directory().id()
    with pytest.raises(dagger.QueryError, match="load Container: expected Container, got Directory"):
        await dag.load_container_from_id(dagger.ContainerID(id_)).platform()


@pytest.mark.parametrize("id_", ["nonsense", "Directory@sha256:00", "", "1"])
async def test_an_unknown_id_is_refused(dag, id_):
    with pytest.raises(dagger.QueryError, match="invalid ID string"):
        await dag.load_directory_from_id(dagger.DirectoryID(id_)).entries()


async def test_an_argument_of_another_type_is_refused(dag):
    file = dag.load_file_from_id(dagger.FileID(await dag.directory().id()))
    with pytest.raises(dagger.QueryError, match="expected File, got Directory"):
        await dag.directory().with_file("f", file).sync()


async def test_a_synced_object_goes_on(once):
    synced = await once.with_exec(["echo", "x"]).sync()
    assert await synced.stdout() == "x\n"
