"""What is known of a patient."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class Patient(models.Model):
    """A person in treatment, found by the medical record number."""

    class Sex(models.TextChoices):
        """Administrative sex, with the values of HL7 FHIR (http://hl7.org/fhir/valueset-administrative-gender)."""

        FEMALE = "female", _("female")
        MALE = "male", _("male")
        OTHER = "other", _("other")
        UNKNOWN = "unknown", _("unknown")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    medical_record_number = models.CharField(
        max_length=32,
        unique=True,
        validators=[RegexValidator(r"\A[A-Z0-9][A-Z0-9-]*\Z", _("Use capital letters, digits and hyphens."))],
    )
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100)
    date_of_birth = models.DateField()
    sex = models.CharField(max_length=7, choices=Sex, default=Sex.UNKNOWN)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["family_name", "given_name", "id"]
        indexes = [models.Index(fields=["family_name", "given_name"])]

    def __str__(self) -> str:
        return f"{self.family_name}, {self.given_name} ({self.medical_record_number})"


def document_path(document: Document, filename: str) -> str:
    """Return where a document's file is kept: a directory of its own, so that no name meets another."""
    return f"documents/{document.pk}/{filename}"


class Document(models.Model):
    """One file of a patient, never changed after it came in."""

    class Kind(models.TextChoices):
        """What a document is about."""

        LAB_RESULT = "lab_result", _("lab result")
        IMAGING = "imaging", _("imaging")
        LETTER = "letter", _("letter")
        CONSENT = "consent", _("consent")
        OTHER = "other", _("other")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OTHER)
    title = models.CharField(max_length=200)
    file = models.FileField(upload_to=document_path, max_length=255)
    content_type = models.CharField(max_length=100, editable=False)
    size = models.PositiveBigIntegerField(editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-uploaded_at", "id"]

    def __str__(self) -> str:
        return self.title
