"""Patients and documents over HTTP: parse, call, answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from patients import selectors, services
from patients.api.filters import DocumentFilter, PatientFilter
from patients.api.serializers import DocumentSerializer, DocumentUploadSerializer, PatientSerializer

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer

    from patients.models import Document

_log = logging.getLogger(__name__)


class PatientViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    GenericViewSet,
):
    """List, read, add and change patients; a patient's record is never deleted here."""

    queryset = selectors.patient_list()
    serializer_class = PatientSerializer
    filterset_class = PatientFilter
    http_method_names = ["get", "post", "patch", "head", "options"]

    def perform_create(self, serializer: BaseSerializer) -> None:
        """Record the patient."""
        serializer.instance = services.patient_create(**serializer.validated_data)

    def perform_update(self, serializer: BaseSerializer) -> None:
        """Change the patient."""
        serializer.instance = services.patient_update(patient=serializer.instance, **serializer.validated_data)


class DocumentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, GenericViewSet):
    """List, read, upload, download and delete documents."""

    queryset = selectors.document_list()
    serializer_class = DocumentSerializer
    filterset_class = DocumentFilter
    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": DocumentUploadSerializer}, responses={201: DocumentSerializer})
    def create(self, request: Request) -> Response:
        """Take in a file of a patient."""
        upload = DocumentUploadSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        document = services.document_upload(uploaded_by=request.user, **upload.validated_data)
        answer = self.get_serializer(document)
        return Response(answer.data, status=status.HTTP_201_CREATED, headers={"Location": answer.data["content"]})

    def perform_destroy(self, document: Document) -> None:
        """Remove the document."""
        services.document_delete(document=document, deleted_by=self.request.user)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True)
    def content(self, _request: Request, **_kwargs: str) -> FileResponse:
        """Hand out the file itself, to be saved rather than shown, and never kept by a cache."""
        document = self.get_object()
        try:
            file = document.file.open()
        except FileNotFoundError as error:
            _log.error("the file of document %s is missing: %s", document.pk, error)
            raise NotFound("The document's file is missing.") from error
        response = FileResponse(file, as_attachment=True, content_type=document.content_type)
        response["Cache-Control"] = "private, no-store"
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response
