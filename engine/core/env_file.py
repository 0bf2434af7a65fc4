"""Dotenv files: `NAME=value` lines that use one another (dagger core/envfile.go, core/dotenv)."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from engine.core.dotenv import evaluate
from engine.errors import InvalidRequest

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvFile:
    """Variables in order, each name once; values as written, quotes and references included."""

    raw: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> EnvFile:
        """Read a dotenv file; a line that is no assignment is found out when values are asked for."""
        file = cls()
        for line in map(str.strip, text.split("\n")):
            if line:
                name, _, value = line.partition("=")
                file = file.with_variable(name, value)
        return file

    def variables(self) -> dict[str, str]:
        """Values without quotes, and with the values of the variables that they name, wherever those stand.

        Raises InvalidRequest for a line that is no assignment, and for a name without a value.
        """
        evaluator = _Evaluator(self._assignments())
        return {name: evaluator.value(name) for name in self._assignments()}

    def get(self, name: str, *, raw: bool) -> str:
        """Value of a variable; empty when it is not there."""
        if raw:
            return dict(self.raw).get(name, "")
        assignments = self._assignments()
        return _Evaluator(assignments).value(name) if name in assignments else ""

    def _assignments(self) -> dict[str, str]:
        found = {name: value for name, value in self.raw if not name.startswith("#")}
        for name, value in found.items():
            if not _NAME.fullmatch(name):
                raise InvalidRequest(f"parse error: {name + '=' + value!r}: not a bare assignment")
        return found

    def with_variable(self, name: str, value: str) -> EnvFile:
        """Set a variable, in place or at the end."""
        return EnvFile(raw=tuple((dict(self.raw) | {name: value}).items()))

    def without_variable(self, name: str) -> EnvFile:
        """Leave a variable out."""
        return EnvFile(raw=tuple(pair for pair in self.raw if pair[0] != name))

    def namespace(self, prefix: str) -> EnvFile:
        """Keep the variables that start with the prefix and `_`, without it and evaluated.

        Upper and lower case are the same in the prefix, and `my-app` is `my_app` and `myApp`.
        """
        kept = {}
        for name, value in self.variables().items():
            for match in re.finditer("_", name):
                if _letters(name[: match.start()]) == _letters(prefix):
                    kept[name[match.end() :]] = value
                    break
        return EnvFile(raw=tuple(kept.items()))

    def text(self) -> str:
        """The file's text."""
        return "".join(f"{name}={value}\n" for name, value in self.raw)


def _letters(prefix: str) -> str:
    return prefix.replace("-", "").replace("_", "").lower()


class _Evaluator:
    """Values of variables, each found once."""

    def __init__(self, assignments: dict[str, str]) -> None:
        self._assignments = assignments
        self._known: dict[str, str] = {}
        self._open: set[str] = set()

    def value(self, name: str) -> str:
        """Give the value of a variable; raises InvalidRequest when it needs its own."""
        if name in self._known:
            return self._known[name]
        if name in self._open:
            raise InvalidRequest(f"circular dependency detected: {' -> '.join(sorted(self._open))} -> {name}")
        self._open.add(name)
        try:
            self._known[name] = evaluate(self._assignments[name], self._used)
        except InvalidRequest as error:
            raise InvalidRequest(f"{name}: {error}") from error
        finally:
            self._open.discard(name)
        return self._known[name]

    def _used(self, name: str) -> str:
        """Give a value to another variable: one that has none is as good as not set."""
        with suppress(InvalidRequest):
            return self.value(name) if name in self._assignments else ""
        return ""
