"""Secrets: what names one; the plaintext is never part of a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.core.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret of a session."""

    name: str = ""
    uri: str = ""
    identity: Digest
    """What counts in the key of a step: the name of a set secret, a keyed digest of the plaintext of one by URI."""
    handle: str
    """Under which the session keeps the plaintext."""
