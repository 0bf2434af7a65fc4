"""Print which parts of Dagger's API are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.commands.invocation import Invocation, Parser


def configure(parser: Parser) -> None:
    """Declare nothing."""
    parser.description = "Print, as Markdown, which parts of Dagger's API are answered: docs/supported-api.md."


def execute(_invocation: Invocation) -> int:
    """Print the page."""
    from engine.schema.api import resolvers  # noqa: PLC0415 (late: it loads graphql)
    from engine.schema.supported import supported_api  # noqa: PLC0415

    print(supported_api(resolvers()), end="")  # noqa: T201 (its purpose)
    return 0
