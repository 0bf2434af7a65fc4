from __future__ import annotations

from patients import selectors, services


def test_documents_come_with_who_uploaded_them_in_one_query(patient, user, upload, django_assert_num_queries):
    for title in ("A", "B"):
        services.document_upload(patient=patient, title=title, kind="letter", file=upload(), uploaded_by=user)
    with django_assert_num_queries(1):
        assert [(d.title, d.uploaded_by.username) for d in selectors.document_list()] == [
            ("B", "nurse"),
            ("A", "nurse"),
        ]


def test_patients_come_by_name(patient):
    services.patient_create(
        medical_record_number="MRN-2", given_name="Z", family_name="Abel", date_of_birth=patient.date_of_birth
    )
    assert [p.family_name for p in selectors.patient_list()] == ["Abel", "Lovelace"]
