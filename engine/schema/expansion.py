"""Work a container's variables into an argument, where the caller asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.expand import expand as expand_text
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from engine.core.container import Container


def expanded(container: Container, text: str, *, expand: bool) -> str:
    """Expand `$NAME` by the container's configuration; raises InvalidRequest for secret and volatile variables."""
    if not expand:
        return text
    secret = {name for name, _ in container.secret_variables}
    volatile = {name for name, _ in container.volatile_variables}

    def lookup(name: str) -> str:
        for names, kind in ((secret, "secret"), (volatile, "volatile")):
            if name in names:
                raise InvalidRequest(f'expand cannot be used with {kind} env variable "{name}"')
        return container.env_variable(name) or ""

    return expand_text(text, lookup)
