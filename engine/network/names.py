"""Keep every running container's hosts file telling the same names."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.service import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    path: Path
    hostname: str
    aliases: Mapping[str, str]


class Names:
    """The names that all containers of a session know; the one owner of their hosts files.

    Files are changed in place, as they are bound into containers that run.
    """

    def __init__(self) -> None:
        self._published: dict[str, str] = {}
        self._entries: list[_Entry] = []

    @contextmanager
    def file(self, path: Path, hostname: str, aliases: Mapping[str, str]) -> Iterator[None]:
        """Write a hosts file and keep it up to date within the context."""
        entry = _Entry(path=path, hostname=hostname, aliases=dict(aliases))
        self._entries.append(entry)
        try:
            self._write(entry)
            yield
        finally:
            self._entries.remove(entry)

    def publish(self, name: str, address: str) -> None:
        """Make a name known in all files."""
        self._published[name] = address
        self._write_all()

    def withdraw(self, name: str) -> None:
        """Take a name back; one that is not known is left alone."""
        if self._published.pop(name, None):
            self._write_all()

    def _write_all(self) -> None:
        for entry in self._entries:
            self._write(entry)

    def _write(self, entry: _Entry) -> None:
        _write_in_place(entry.path, hosts_text(entry.hostname, entry.aliases, self._published).encode())


def hosts_text(hostname: str, aliases: Mapping[str, str], published: Mapping[str, str]) -> str:
    """Give the text of a hosts file (hosts(5)) as Dagger writes it; the first line that has a name wins."""
    own = " ".join(dict.fromkeys(("localhost", hostname)))
    lines = [f"127.0.0.1 {own}", "::1 localhost ip6-localhost ip6-loopback"]
    lines += [f"{address} {name}" for name, address in aliases.items()]
    lines += [f"{address} {name} {name}.{DOMAIN}" for name, address in published.items()]
    return "\n".join(lines) + "\n"


def _write_in_place(path: Path, text: bytes) -> None:
    """Replace the contents by one write, so that a reader sees whole lines, and cut off what was there beyond."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.fchmod(descriptor, 0o644)
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))
    finally:
        os.close(descriptor)
