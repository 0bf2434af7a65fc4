"""Say whether this server can do its work."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connection
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.status import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE
from rest_framework.views import APIView

if TYPE_CHECKING:
    from rest_framework.request import Request

_log = logging.getLogger(__name__)
_ANSWER = inline_serializer("Health", {"status": serializers.CharField(), "database": serializers.CharField()})


class HealthView(APIView):
    """Answer 200 when the database answers a query, 503 when it does not; open to everyone."""

    authentication_classes = []
    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer]

    @extend_schema(responses={HTTP_200_OK: _ANSWER, HTTP_503_SERVICE_UNAVAILABLE: _ANSWER}, auth=[])
    def get(self, _request: Request) -> Response:
        """Report the server's and the database's state."""
        headers = {"Cache-Control": "no-store"}
        if _database_answers():
            return Response({"status": "ok", "database": "ok"}, headers=headers)
        down = {"status": "unavailable", "database": "down"}
        return Response(down, status=HTTP_503_SERVICE_UNAVAILABLE, headers=headers)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except (DatabaseError, InterfaceError) as error:
        _log.error("health: the database does not answer: %s", error)
        return False
