from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.core.tree import Owner
from engine.executor.secret_files import MemorySecretFiles

if TYPE_CHECKING:
    from pathlib import Path


def test_a_plaintext_is_there_for_its_time_with_its_mode(tmp_path: Path) -> None:
    owner = Owner(uid=os.getuid(), gid=os.getgid())
    files = MemorySecretFiles(tmp_path)
    with files.file(b"a\0b", owner=owner, mode=0o440) as one, files.file(b"", owner=owner, mode=0o400) as other:
        assert (one.read_bytes(), one.stat().st_mode & 0o777) == (b"a\0b", 0o440)
        assert (other.read_bytes(), other.stat().st_mode & 0o777) == (b"", 0o400)
    assert list(tmp_path.iterdir()) == []
