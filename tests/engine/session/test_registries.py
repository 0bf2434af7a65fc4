"""Logins and tags of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.digest import Digest, digest_of
from engine.core.login import Login
from engine.oci.reference import Reference, parse_reference
from engine.session.registries import Registries

if TYPE_CHECKING:
    from collections.abc import Sequence

ONE = Login(host="ghcr.io", username="me", password="one")
OTHER = Login(host="docker.io", username="me", password="two")


class _Registry:
    """Where a tag moves each time that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Sequence[Login]]] = []

    async def resolve(self, reference: Reference, logins: Sequence[Login]) -> Digest:
        self.asked.append((str(reference), tuple(logins)))
        return digest_of(len(self.asked))


def test_a_later_login_replaces_that_of_the_same_registry() -> None:
    registries = Registries()
    for login in (ONE, OTHER, again := Login(host="ghcr.io", username="you", password="three")):
        registries.add(login)
    assert set(registries.logins) == {OTHER, again}


def test_a_login_is_forgotten_that_may_not_be_there() -> None:
    registries = Registries()
    registries.add(ONE)
    registries.remove("ghcr.io")
    registries.remove("ghcr.io")
    assert registries.logins == ()


def test_nothing_shows_a_password() -> None:
    registries = Registries()
    registries.add(ONE)
    assert "one" not in repr(registries)


async def test_a_tag_is_resolved_once_in_a_session() -> None:
    registries, registry = Registries(), _Registry()
    registries.add(ONE)
    reference = parse_reference("ghcr.io/a/b:1")
    pinned = [await registries.pinned(reference, registry.resolve) for _ in range(2)]
    assert pinned == [reference.with_digest(digest_of(1))] * 2
    assert registry.asked == [("ghcr.io/a/b:1", (ONE,))]


async def test_no_tag_is_the_latest() -> None:
    registries, registry = Registries(), _Registry()
    for address in ("debian", "debian:latest", "docker.io/library/debian"):
        await registries.pinned(parse_reference(address), registry.resolve)
    assert len(registry.asked) == 1
