"""Write down which fields of the API are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.schema.build import build_schema, object_fields
from engine.version import DAGGER_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_HEAD = f"""# Which parts of Dagger's API this engine answers

Written by `python -m engine supported-api`; do not edit. The API is Dagger's {DAGGER_VERSION}, as its SDKs of that
version see it.

A field that is not in a table below is not in the schema: the SDK raises `InvalidQueryError` before it sends anything.
A field that is there but **not supported** answers with an error that says why; nothing is silently ignored.
Old clients' `load<Type>FromID` fields are there for every type.
"""

_DIFFERENCES = """## Known differences

Every recorded answer of a real Dagger (`tests/conformance`) agrees. These are known to differ, or not to be certain:

- `experimentalPrivilegedNesting` is refused: there is no engine inside of a container.
- `ImageLayerCompression.EStarGZ` is refused; Dagger writes layers with eStargz's table of contents.
- Docker's media types with zstd layers can be exported, and not published: skopeo refuses them.
- `File.stat.name` of a link gives the link's name, Dagger the target's.
- `exists` below a mounted file gives false, Dagger true; `Container.exists("")` gives false.
- `withTimestamps` passes over links that lead nowhere; Dagger raises an error.
- Search takes Python's regular expressions; what only ripgrep's have (`\\p{L}`, `\\z`) is an error that says so.
- A pruned or new store gives other ids, and services keep their host names only as long as the store is kept.
- More than about 500 layers in one container or directory are an error.
- Networks are IPv4; tunnels and ports of the host carry TCP. The environment of a step has no `OTEL_` variables.
- Dockerfiles: `COPY --parents`, `RUN --network`, `RUN --security` and `mode=` of cache mounts are refused by name.
- Secrets come from `env://`, `file://` and `cmd://`; other providers are refused by name.
"""


def supported_api(resolvers: Mapping[str, Callable[..., Any]]) -> str:
    """Give the page as Markdown; a resolver is not supported when its attribute `not_supported` says why."""
    types: dict[str, list[str]] = {}
    answered = 0
    fields = object_fields(build_schema(resolvers))
    for name in sorted(fields.keys() & resolvers.keys()):
        why = getattr(resolvers[name], "not_supported", None)
        answered += not why
        type_name, field_name = name.split(".")
        description = fields[name].description or ""
        types.setdefault(type_name, []).append(f"| `{field_name}` | {_answer(why)} | {description} |")
    parts = [_HEAD, _DIFFERENCES, f"{answered} of {sum(map(len, types.values()))} fields are answered.\n"]
    for type_name, rows in types.items():
        parts.append("\n".join([f"## {type_name}\n", "| field | answered | what it is |", "|---|---|---|", *rows, ""]))
    return "\n".join(parts)


def _answer(why: object) -> str:
    if not why:
        return "yes"
    return f"**not supported**: {why}" if isinstance(why, str) else "**not supported**"
