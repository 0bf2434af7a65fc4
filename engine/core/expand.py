"""Expand `$NAME` and `${NAME}` the way Go's os.Expand does: no shell, no quoting, unknown names are empty."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_REFERENCE = re.compile(r"\$(?:\{([^}]*)\}|([*#$@!?\-0-9])|([A-Za-z_][A-Za-z0-9_]*)|\{)")


def expand(text: str, lookup: Callable[[str], str]) -> str:
    """Replace every reference by what `lookup` gives for its name; of a `${` without an end only that is lost."""

    def value(match: re.Match[str]) -> str:
        name = next((name for name in match.groups() if name is not None), None)
        return "" if name is None else lookup(name)

    return _REFERENCE.sub(value, text)
