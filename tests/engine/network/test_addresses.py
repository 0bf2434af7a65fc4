from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from engine.errors import EngineError
from engine.network.addresses import Addresses


def test_each_gets_its_own_and_none_the_gateways() -> None:
    addresses = Addresses(IPv4Network("10.9.0.0/29"))
    assert [addresses.take() for _ in range(5)] == [f"10.9.0.{n}" for n in range(2, 7)]


def test_a_freed_one_comes_last() -> None:
    addresses = Addresses(IPv4Network("10.9.0.0/29"))
    first, second = addresses.take(), addresses.take()
    addresses.free(first)
    addresses.free(second)
    assert [addresses.take() for _ in range(5)] == [f"10.9.0.{n}" for n in (4, 5, 6, 2, 3)]


def test_when_all_are_taken_it_says_so() -> None:
    addresses = Addresses(IPv4Network("10.9.0.0/30"))
    taken = addresses.take()
    with pytest.raises(EngineError, match=r"all addresses of 10\.9\.0\.0/30 are in use"):
        addresses.take()
    addresses.free(taken)
    assert addresses.take() == taken
