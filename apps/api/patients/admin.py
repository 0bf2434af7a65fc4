"""Patients and documents in the admin site."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest  # noqa: TC002 - Django reads the annotations
from django.urls import reverse
from django.utils.html import format_html

from patients.models import Document, Patient


@admin.register(Patient)
class PatientAdmin(admin.ModelAdmin):
    """Patients can be found and corrected here."""

    list_display = ["medical_record_number", "family_name", "given_name", "date_of_birth"]
    search_fields = ["medical_record_number", "family_name", "given_name"]
    readonly_fields = ["created_at", "updated_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Patient | None = None) -> bool:
        """Refuse: a patient's record stays."""
        return False


@admin.register(Document)
class DocumentAdmin(admin.ModelAdmin):
    """Documents can be looked up here; they come in and go through the API, which checks them."""

    list_display = ["title", "patient", "kind", "content_type", "size", "uploaded_at"]
    list_filter = ["kind", "content_type"]
    list_select_related = ["patient"]
    search_fields = ["title", "patient__medical_record_number", "patient__family_name"]
    fields = ["patient", "kind", "title", "content", "content_type", "size", "sha256", "uploaded_by", "uploaded_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: uploads are checked by the API."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        """Refuse: a document stays as it came in."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        """Refuse: the API removes the file together with the record."""
        return False

    @admin.display(description="file")
    def content(self, document: Document) -> str:
        """Link to the authenticated download."""
        return format_html('<a href="{}">{}</a>', reverse("document-content", args=[document.pk]), document.file.name)
