from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from patients import services
from patients.models import Document, Patient
from tests.samples import PDF


def stored(media_root):
    return sorted(path for path in media_root.rglob("*") if path.is_file()) if media_root.exists() else []


def document(patient, user, file, **changes):
    details = {"patient": patient, "title": "Letter", "kind": "letter", "uploaded_by": user} | changes
    return services.document_upload(file=file, **details)


def test_services_take_keyword_arguments_only(patient):
    with pytest.raises(TypeError):
        services.patient_update(patient, given_name="Augusta")


def test_a_patient_is_created_and_changed(patient):
    services.patient_update(patient=patient, given_name="Augusta")
    assert Patient.objects.get().given_name == "Augusta"


def test_a_date_of_birth_in_the_future_is_refused(patient):
    with pytest.raises(ValidationError, match="future"):
        services.patient_update(patient=patient, date_of_birth=timezone.localdate() + timedelta(days=1))


def test_a_number_twice_is_refused_also_when_two_requests_race(patient, monkeypatch):
    # The other request's patient appears between the check and the insert.
    monkeypatch.setattr(Patient, "full_clean", lambda self: None)
    with pytest.raises(ValidationError, match="already exists"):
        services.patient_create(
            medical_record_number="MRN-1",
            given_name="B",
            family_name="C",
            date_of_birth=patient.date_of_birth,
        )


def test_a_field_that_may_not_be_changed_is_refused(patient):
    with pytest.raises(TypeError, match="created_at"):
        services.patient_update(patient=patient, created_at=None)


def test_an_upload_is_stored_with_its_size_and_digest(patient, user, upload, media_root):
    kept = document(patient, user, upload())
    (path,) = stored(media_root)
    assert path == media_root / "documents" / str(kept.pk) / "letter.pdf"
    assert path.read_bytes() == PDF
    assert (kept.size, kept.sha256, kept.content_type) == (len(PDF), hashlib.sha256(PDF).hexdigest(), "application/pdf")
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ({"content": b""}, "empty"),
        ({"content": b"<html>"}, "Only these kinds"),
        ({"name": "letter.html"}, "must end in"),
        ({"content_type": "text/html"}, "sent as text/html"),
    ],
)
def test_an_upload_of_another_kind_is_refused_and_leaves_nothing(patient, user, upload, media_root, file, message):
    with pytest.raises(ValidationError, match=message):
        document(patient, user, upload(**file))
    assert stored(media_root) == []
    assert not Document.objects.exists()


def test_an_upload_over_the_limit_is_refused(patient, user, upload, settings):
    settings.DOCUMENT_MAX_BYTES = len(PDF) - 1
    with pytest.raises(ValidationError, match="are allowed"):
        document(patient, user, upload())


def test_a_name_that_climbs_out_stays_inside(patient, user, upload, media_root):
    kept = document(patient, user, upload(name="../../../etc/letter.pdf"))
    (path,) = stored(media_root)
    assert path == media_root / "documents" / str(kept.pk) / "letter.pdf"


def test_a_record_that_cannot_be_written_leaves_no_file(patient, user, upload, media_root, monkeypatch):
    from django.db.models import Model

    save_base = Model.save_base

    def fail_after_file(self, *args, **kwargs):
        save_base(self, *args, **kwargs)
        raise RuntimeError("the database went away")

    monkeypatch.setattr(Document, "save_base", fail_after_file)
    with pytest.raises(RuntimeError):
        document(patient, user, upload())
    assert stored(media_root) == []


def test_deleting_removes_the_file_after_the_commit(
    patient, user, upload, media_root, django_capture_on_commit_callbacks
):
    kept = document(patient, user, upload())
    with django_capture_on_commit_callbacks() as callbacks:
        services.document_delete(document=kept, deleted_by=user)
    assert not Document.objects.exists()
    assert len(stored(media_root)) == 1
    for callback in callbacks:
        callback()
    assert list((media_root / "documents").iterdir()) == []
