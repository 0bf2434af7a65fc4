"""What several tests need: a signed-in client, a patient, an upload, a directory for files."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.models import User
from patients import services
from patients.models import Patient
from tests.samples import PDF


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def user(db) -> User:
    return User.objects.create_user(username="nurse", password="a-long-test-password")


@pytest.fixture
def client(user) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def patient(db) -> Patient:
    return services.patient_create(
        medical_record_number="MRN-1",
        given_name="Ada",
        family_name="Lovelace",
        date_of_birth=date(1815, 12, 10),
    )


@pytest.fixture
def upload():
    def make(name="letter.pdf", content=PDF, content_type="application/pdf") -> SimpleUploadedFile:
        return SimpleUploadedFile(name, content, content_type=content_type)

    return make
