from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.network.namespaces import Namespace
from engine.network.uplink import uplink, uplink_command

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def namespace(tmp_path: Path) -> Iterator[Namespace]:
    made = Namespace.create(tmp_path / "namespace")
    yield made
    made.remove()


def _links() -> list[str]:
    return [line.split(":")[0].strip() for line in Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]]


def _forwards() -> str:
    return Path("/proc/sys/net/ipv4/ip_forward").read_text().strip()


def test_the_command_keeps_the_hosts_loopback_out_of_reach() -> None:
    assert "--disable-host-loopback" in uplink_command("slirp4netns", Path("/n"), 5)


@pytest.mark.root
def test_a_link_is_there_within_and_the_host_is_not_changed(namespace: Namespace) -> None:
    before = (_links(), _forwards())
    with uplink(namespace) as connected:
        assert connected
        assert "tap0" in namespace.call(_links)
        assert namespace.call(_forwards) == "1"
        assert (_links(), _forwards()) == before
    assert "tap0" not in namespace.call(_links)


@pytest.mark.root
def test_without_the_program_it_is_said_once(namespace: Namespace, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), uplink(namespace, "no-such-slirp") as connected:
        assert not connected
    (record,) = caplog.records
    assert "the program no-such-slirp is missing; install it" in record.message


@pytest.mark.root
def test_a_program_that_fails_is_no_way_out(namespace: Namespace, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), uplink(namespace, "false") as connected:
        assert not connected
    assert "slirp4netns did not start" in caplog.text
