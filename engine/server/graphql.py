"""Answer GraphQL requests of one session: from memory when they ask for the schema, else by executing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from engine.server.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphql import GraphQLSchema

    from engine.server.introspection import IntrospectionCache


class GraphqlHandler:
    """Executes requests against a schema that is built in a thread: by `build`, or for the first request that needs it.

    `context` is what resolvers find as `info.context`.
    """

    def __init__(
        self, *, schema: Callable[[], GraphQLSchema], context: object, introspection: IntrospectionCache
    ) -> None:
        self._schema = schema
        self._built: GraphQLSchema | None = None
        self._building = anyio.Lock()
        self._context = context
        self._introspection = introspection

    async def build(self) -> GraphQLSchema:
        """Build the schema once; raises what building raises."""
        async with self._building:
            if self._built is None:
                self._built = await anyio.to_thread.run_sync(self._schema, abandon_on_cancel=True)
        return self._built

    async def execute(self, request: Mapping[str, object]) -> Response:
        """Answer one request; an error of any kind becomes a response."""
        key = self._introspection.key(request)
        known = self._introspection.get(key) if key else None
        if known:
            return Response(status=200, body=known)
        schema = self._built or await self.build()
        from engine.server.execution import execute_request  # noqa: PLC0415 (late, for a quick start: it loads graphql)

        response, reusable = await execute_request(schema, self._context, request)
        if key and reusable:
            self._introspection.put(key, response.body)
        return response
