"""Logins of registries, as the pipelines of a session gave them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from engine.core.digest import Digest
    from engine.core.login import Login
    from engine.oci.reference import Reference


class Registries:
    """Who to be at which registry; as in Dagger a login counts for the whole session."""

    def __init__(self) -> None:
        self._logins: dict[str, Login] = {}
        self._pinned: dict[str, Digest] = {}

    def __repr__(self) -> str:
        return f"<Registries {sorted(self._logins)}>"

    async def pinned(
        self, reference: Reference, resolve: Callable[[Reference, Sequence[Login]], Awaitable[Digest]]
    ) -> Reference:
        """Give the reference with its digest; a tag is resolved once in a session."""
        name = str(reference.tagged())
        if name not in self._pinned:
            self._pinned[name] = await resolve(reference, self.logins)
        return reference.tagged().with_digest(self._pinned[name])

    @property
    def logins(self) -> tuple[Login, ...]:
        """Every login."""
        return tuple(self._logins.values())

    def add(self, login: Login) -> None:
        """Take a login; a later one for the same registry replaces it."""
        self._logins[login.host] = login

    def remove(self, host: str) -> None:
        """Forget a login."""
        self._logins.pop(host, None)
