"""Dotenv files: `NAME=value` lines, later ones using earlier ones."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.core.expand import expand
from engine.errors import InvalidRequest

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*?)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvFile:
    """Variables in order; values as written, quotes and references included."""

    raw: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> EnvFile:
        """Read a dotenv file; raises InvalidRequest with the number of a line that is none."""
        pairs = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            match = _LINE.match(line)
            if match is None:
                raise InvalidRequest(f"line {number} of the environment file is not NAME=value: {line!r}")
            pairs.append((match[1], match[2]))
        return cls(raw=tuple(pairs))

    def variables(self) -> dict[str, str]:
        """Values without quotes; `$NAME` means a variable further up, but for single quotes."""
        found: dict[str, str] = {}
        for name, raw in self.raw:
            if len(raw) > 1 and raw[0] == raw[-1] == "'":
                found[name] = raw[1:-1]
            else:
                bare = raw[1:-1] if len(raw) > 1 and raw[0] == raw[-1] == '"' else raw
                found[name] = expand(bare, lambda wanted: found.get(wanted, ""))
        return found

    def get(self, name: str, *, raw: bool) -> str:
        """Value of a variable; raises InvalidRequest when it is not there."""
        found = dict(self.raw) if raw else self.variables()
        if name not in found:
            raise InvalidRequest(f"variable {name} is not in the environment file")
        return found[name]

    def with_variable(self, name: str, value: str) -> EnvFile:
        """Set a variable, at the end."""
        return EnvFile(raw=(*(pair for pair in self.raw if pair[0] != name), (name, value)))

    def without_variable(self, name: str) -> EnvFile:
        """Leave a variable out."""
        return EnvFile(raw=tuple(pair for pair in self.raw if pair[0] != name))

    def namespace(self, prefix: str) -> EnvFile:
        """Keep the variables that start with the prefix (and `_`), without it; upper or lower case."""
        start = prefix.rstrip("_").lower() + "_"
        return EnvFile(raw=tuple((n[len(start) :], v) for n, v in self.raw if n.lower().startswith(start)))

    def text(self) -> str:
        """The file's text."""
        return "".join(f"{name}={value}\n" for name, value in self.raw)
