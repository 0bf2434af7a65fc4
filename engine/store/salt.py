"""The store's salt: random bytes that make digests of secrets worthless elsewhere."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 32


def store_salt(state: Path) -> bytes:
    """Give the salt, making it once; mode 0600."""
    path = state / "salt"
    if not path.exists():
        fresh = state / f"salt.{secrets.token_hex(8)}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        try:
            os.link(fresh, path)  # unlike a rename, never replaces what another session made
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()
