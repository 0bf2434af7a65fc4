from __future__ import annotations

import uuid
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db.models import ProtectedError

from patients.models import Document, Patient, document_path


@pytest.mark.django_db
def test_the_migrations_match_the_models():
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


def test_a_documents_path_has_a_directory_of_its_own():
    document = Document(id=uuid.UUID(int=7))
    assert document_path(document, "a.pdf") == "documents/00000000-0000-0000-0000-000000000007/a.pdf"


@pytest.mark.parametrize("number", ["mrn-1", "-1", "A B", "A\n", ""])
@pytest.mark.django_db
def test_a_record_number_of_another_form_is_refused(number):
    patient = Patient(medical_record_number=number, given_name="A", family_name="B", date_of_birth="2000-01-01")
    with pytest.raises(ValidationError) as refused:
        patient.full_clean()
    assert set(refused.value.message_dict) == {"medical_record_number"}


def test_a_patient_with_documents_cannot_be_deleted(patient, user, upload):
    from patients import services

    services.document_upload(patient=patient, title="T", kind="letter", file=upload(), uploaded_by=user)
    with pytest.raises(ProtectedError):
        patient.delete()
