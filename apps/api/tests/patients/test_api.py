from __future__ import annotations

import uuid

import pytest
from rest_framework.test import APIClient

from patients.models import Document
from tests.samples import PDF

NEW = {"medical_record_number": "MRN-9", "given_name": "Grace", "family_name": "Hopper", "date_of_birth": "1906-12-09"}


@pytest.fixture
def kept(client, patient, upload):
    form = {"patient": patient.pk, "title": "Letter", "kind": "letter", "file": upload()}
    answer = client.post("/api/documents/", form, format="multipart")
    assert answer.status_code == 201, answer.json()
    return answer.json()


@pytest.mark.parametrize(
    "path", ["/api/patients/", "/api/documents/", f"/api/documents/{uuid.uuid4()}/content/", "/api/schema/"]
)
def test_a_stranger_is_refused(db, path):
    assert APIClient().get(path).status_code == 401


def test_a_patient_is_added_and_found(client):
    answer = client.post("/api/patients/", NEW)
    assert answer.status_code == 201
    assert client.get(f"/api/patients/{answer.json()['id']}/").json()["family_name"] == "Hopper"


def test_a_patient_is_changed_but_never_deleted(client, patient):
    address = f"/api/patients/{patient.pk}/"
    assert client.patch(address, {"phone": "+44 1"}).json()["phone"] == "+44 1"
    assert client.delete(address).status_code == 405


def test_a_services_refusal_is_a_400_that_names_the_field(client):
    answer = client.post("/api/patients/", NEW | {"date_of_birth": "2999-01-01"})
    assert (answer.status_code, list(answer.json())) == (400, ["date_of_birth"])


def test_patients_are_filtered_and_paged(client, patient):
    client.post("/api/patients/", NEW)
    assert client.get("/api/patients/?family_name=hop").json()["count"] == 1
    page = client.get("/api/patients/?page_size=1").json()
    assert (page["count"], len(page["results"]), page["previous"]) == (2, 1, None)
    assert client.get("/api/patients/?page_size=100000").status_code == 200


def test_an_upload_is_answered_with_what_is_known_of_it(kept, patient, user):
    assert kept["patient"] == str(patient.pk)
    assert (kept["name"], kept["size"], kept["uploaded_by"]) == ("letter.pdf", len(PDF), user.username)
    assert kept["content"].endswith(f"/api/documents/{kept['id']}/content/")
    assert "file" not in kept


def test_a_download_is_an_attachment_that_no_cache_keeps(client, kept):
    answer = client.get(kept["content"])
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="letter.pdf"'
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_file_is_not_served_from_a_media_address(client, kept):
    name = Document.objects.get().file.name
    assert client.get(f"/media/{name}").status_code == 404
    assert client.get(f"/{name}").status_code == 404


def test_a_file_that_is_gone_is_a_404(client, kept):
    document = Document.objects.get()
    document.file.storage.delete(document.file.name)
    assert client.get(kept["content"]).status_code == 404


@pytest.mark.parametrize("file", [{"content": b"<html>"}, {"name": "x.exe"}, {"name": f"{'x' * 200}.pdf"}])
def test_a_file_that_is_not_accepted_is_a_400(client, patient, upload, file):
    form = {"patient": patient.pk, "title": "T", "kind": "letter", "file": upload(**file)}
    answer = client.post("/api/documents/", form, format="multipart")
    assert (answer.status_code, list(answer.json())) == (400, ["file"])


def test_json_is_no_upload(client, patient):
    assert client.post("/api/documents/", {"patient": str(patient.pk)}).status_code == 415


def test_documents_are_filtered_by_patient(client, kept, patient):
    other = client.post("/api/patients/", NEW).json()["id"]
    assert client.get(f"/api/documents/?patient={patient.pk}").json()["count"] == 1
    assert client.get(f"/api/documents/?patient={other}").json()["count"] == 0
    assert client.get("/api/documents/?patient=nobody").status_code == 400


def test_a_document_is_deleted(client, kept):
    assert client.delete(f"/api/documents/{kept['id']}/").status_code == 204
    assert client.get(f"/api/documents/{kept['id']}/").status_code == 404


def test_the_admin_lists_and_shows(admin_client, kept, patient):
    assert admin_client.get("/admin/patients/patient/").status_code == 200
    page = admin_client.get(f"/admin/patients/document/{kept['id']}/change/")
    assert f"/api/documents/{kept['id']}/content/" in page.text
    assert admin_client.get("/admin/patients/document/add/").status_code == 403
