"""Remember between sessions what a URL gave last, so that a server need not send it again."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from engine.core.http import Fetched

if TYPE_CHECKING:
    from engine.core.digest import Digest


class FileValidators:
    """One small file for each URL; a file that cannot be read is as good as none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __repr__(self) -> str:
        return f"FileValidators({self._folder})"

    def recall(self, key: Digest) -> Fetched | None:
        """Give what was kept last under the key."""
        with suppress(OSError, ValueError, TypeError):
            return Fetched(**json.loads(self._path(key).read_text(encoding="utf-8")))
        return None

    def keep(self, key: Digest, fetched: Fetched) -> None:
        """Keep under the key; written beside and renamed."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=self._folder, prefix=".")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(fetched), file)
            Path(beside).replace(self._path(key))
        except BaseException:
            Path(beside).unlink()
            raise

    def _path(self, key: Digest) -> Path:
        return self._folder / key.removeprefix("sha256:")
