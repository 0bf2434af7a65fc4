"""A server of the small engine for one test."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio
import httpx

from engine.server.graphql import GraphqlHandler
from engine.server.http import serve
from engine.server.introspection import IntrospectionCache
from tests.engine.small_api import Commands, small_schema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.server.response import Handler

TOKEN = "a-token"


def small_handler(folder: Path, commands: Commands | None = None) -> GraphqlHandler:
    cache = IntrospectionCache(directory=folder / "introspection", schema_digest="d")
    return GraphqlHandler(schema=small_schema, context=commands or Commands(), introspection=cache)


@asynccontextmanager
async def served(handler: Handler, *, token: str | None = TOKEN) -> AsyncIterator[int]:
    async with anyio.create_task_group() as group:
        yield await group.start(partial(serve, handler, token=token))
        group.cancel_scope.cancel()


def client(port: int, *, token: str = TOKEN) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", auth=(token, ""), timeout=20, trust_env=False)
