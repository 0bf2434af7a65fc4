"""Read patients and documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patients.models import Document, Patient

if TYPE_CHECKING:
    from django.db.models import QuerySet


def patient_list() -> QuerySet[Patient]:
    """Return every patient, by name."""
    return Patient.objects.all()


def document_list() -> QuerySet[Document]:
    """Return every document with who uploaded it, newest first."""
    return Document.objects.select_related("uploaded_by")
