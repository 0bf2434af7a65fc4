"""Addresses as command lines write them, and errors that a pipeline makes."""

from __future__ import annotations

import dagger
import pytest

pytestmark = pytest.mark.root


@pytest.fixture
def folder(tmp_path):
    """A folder with one file."""
    (tmp_path / "f").write_text("x")
    return tmp_path


@pytest.mark.parametrize("prefix", ["", "file://"])
async def test_a_path_is_a_directory_or_a_file_of_the_host(dag, folder, prefix):
    assert await dag.address(f"{prefix}{folder}").directory().entries() == ["f"]
    assert await dag.address(f"{prefix}{folder}/f").file().contents() == "x"


async def test_an_address_of_a_secret_is_its_uri(dag):
    assert await dag.address("env://TEST_SECRET").secret().plaintext() == "of the host"


async def test_an_address_is_kept_as_it_was_written(dag):
    assert await dag.address("anything at all").value() == "anything at all"


async def test_an_address_of_a_service_is_a_port_of_the_host(dag):
    service = dag.address("tcp://localhost:80").service()
    assert [await port.port() for port in await service.ports()] == [80]


@pytest.mark.parametrize("value", ["localhost:80", "tcp://localhost", "tcp://localhost:http"])
async def test_another_address_of_a_service_is_refused(dag, value):
    with pytest.raises(dagger.QueryError, match=f'not "{value}"'):
        await dag.address(value).service().hostname()


async def test_a_wrong_address_of_an_image_is_refused(dag):
    with pytest.raises(dagger.QueryError, match="failed to parse image address NOT AN IMAGE: "):
        await dag.address("NOT AN IMAGE").container().sync()


async def test_an_error_has_a_message_and_values(dag):
    error = dag.error("boom").with_value("a", dagger.JSON('{"b":1}'))
    assert await error.message() == "boom"
    assert [(await v.name(), await v.value()) for v in await error.values()] == [("a", '{"b":1}')]


async def test_a_value_that_is_no_json_is_refused(dag):
    with pytest.raises(dagger.QueryError, match="the value of a is not JSON"):
        await dag.error("boom").with_value("a", dagger.JSON("{")).message()
