"""Replace secrets in a stream of bytes, however the stream is cut into pieces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = b"***"
_WORD = 8


def maskable(plaintexts: Iterable[bytes]) -> list[bytes]:
    """Give what must not be shown: every plaintext and its stripped form, the longest first, nothing empty."""
    forms = {form for plaintext in plaintexts for form in (plaintext, plaintext.strip())}
    return sorted(forms - {b""}, key=lambda form: (-len(form), form))


class Scrubber:
    """One stream's secrets, masked.

    The result is the same as if the whole stream had come at once: from left to right, the longest secret that starts
    at a place is masked. Only bytes that may be the beginning of a secret are held back.
    """

    def __init__(self, plaintexts: Iterable[bytes]) -> None:
        self._secrets = maskable(plaintexts)
        self._pattern = re.compile(b"|".join(map(re.escape, self._secrets))) if self._secrets else None
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes, give those that are certain."""
        return self._mask(data, final=False)

    def finish(self) -> bytes:
        """Give what was held back: nothing follows."""
        return self._mask(b"", final=True)

    def _mask(self, data: bytes, *, final: bool) -> bytes:
        if self._pattern is None:
            return data
        text, done, position = self._held + data, [], 0
        while True:
            match = self._pattern.search(text, position)
            open_at = len(text) if final else self._beginning(text, position)
            if match is None or open_at <= match.start():
                break
            done += [text[position : match.start()], MASK]
            position = match.end()
        self._held = text[open_at:]
        return b"".join([*done, text[position:open_at]])

    def _beginning(self, text: bytes, start: int) -> int:
        """Give the first place whose rest is the beginning of a secret, the end of the text when there is none."""
        return min((_begins(text, secret, start) for secret in self._secrets), default=len(text))


def _begins(text: bytes, secret: bytes, start: int) -> int:
    place = max(start, len(text) - len(secret) + 1)
    while place < len(text):
        # find() of a word skips quickly what can not match; the last few bytes are tried one by one.
        if len(text) - place >= _WORD and len(secret) >= _WORD:
            next_place = text.find(secret[:_WORD], place)
            place = next_place if next_place >= 0 else max(place, len(text) - _WORD + 1)
        if secret.startswith(text[place:]):
            return place
        place += 1
    return len(text)
