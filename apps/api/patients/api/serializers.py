"""Patients and documents as JSON."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from patients.models import Document, Patient


class PatientSerializer(serializers.ModelSerializer):
    """A patient, in and out."""

    class Meta:
        model = Patient
        fields = [
            "id",
            "medical_record_number",
            "given_name",
            "family_name",
            "date_of_birth",
            "sex",
            "email",
            "phone",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "created_at", "updated_at"]


class DocumentSerializer(serializers.ModelSerializer):
    """A document, out: what is known of it and where its content is."""

    name = serializers.SerializerMethodField()
    content = serializers.HyperlinkedIdentityField(view_name="document-content")
    uploaded_by = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Document
        fields = [
            "id",
            "patient",
            "kind",
            "title",
            "name",
            "content",
            "content_type",
            "size",
            "sha256",
            "uploaded_by",
            "uploaded_at",
        ]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.STR)
    def get_name(self, document: Document) -> str:
        """Return the file's name without its directory."""
        return document.file.name.rpartition("/")[2]


class DocumentUploadSerializer(serializers.ModelSerializer):
    """A document, in: a multipart form with the file."""

    class Meta:
        model = Document
        fields = ["patient", "kind", "title", "file"]
        extra_kwargs = {
            "file": {"max_length": 100, "help_text": f"At most {settings.DOCUMENT_MAX_BYTES} bytes."},
        }
