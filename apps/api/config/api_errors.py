"""Answer what went wrong below the views in the API's own form."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.fields import get_error_detail
from rest_framework.status import HTTP_503_SERVICE_UNAVAILABLE
from rest_framework.views import exception_handler

if TYPE_CHECKING:
    from rest_framework.response import Response

_log = logging.getLogger(__name__)


class DatabaseUnavailable(APIException):
    """Raised when the database does not answer."""

    status_code = HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database does not answer. Try again later."
    default_code = "database_unavailable"


def respond(error: Exception, context: dict[str, Any]) -> Response | None:
    """Translate a service's or the database's error, then leave the answer to REST framework."""
    return exception_handler(_translated(error), context)


def _translated(error: Exception) -> Exception:
    if isinstance(error, ModelValidationError):
        return ValidationError(get_error_detail(error))
    if isinstance(error, OperationalError | InterfaceError):
        _log.error("the database does not answer: %s", error)
        return DatabaseUnavailable()
    return error
