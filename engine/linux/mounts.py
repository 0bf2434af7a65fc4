"""Read which mounts there are."""

from __future__ import annotations

import re
from pathlib import Path

_MOUNT_POINT = 4
_ESCAPE = re.compile(r"\\([0-7]{3})")


def mounts_below(path: Path) -> list[Path]:
    """Mount points at `path` and below it in this thread's namespace, in mount order (proc(5), mountinfo)."""
    lines = Path("/proc/thread-self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    points = [Path(_unescaped(line.split(" ")[_MOUNT_POINT])) for line in lines]
    return [point for point in points if point.is_relative_to(path)]


def _unescaped(text: str) -> str:
    """Undo the octal escapes of blanks, backslashes and line ends."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
