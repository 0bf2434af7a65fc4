"""Plaintexts of secrets as files, in memory only."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.executor.memory import memory_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.core.tree import Owner


@contextmanager
def secret_files(folder: Path) -> Iterator[MemorySecretFiles]:
    """Mount a file system in memory at a new folder for the plaintexts; all is gone on exit."""
    with memory_folder(folder):
        yield MemorySecretFiles(folder)


class MemorySecretFiles:
    """Keeps plaintexts in a folder that must be on a file system in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def file(self, plaintext: bytes, *, owner: Owner, mode: int) -> Iterator[Path]:
        """Have the plaintext in a file of its own; removed on exit."""
        path = self._folder / secrets.token_hex(8)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(plaintext)
                os.fchown(descriptor, owner.uid, owner.gid)
                os.fchmod(descriptor, mode & 0o777)
            yield path
        finally:
            path.unlink(missing_ok=True)
