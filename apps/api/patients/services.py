"""Change patients and documents."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import uuid
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from patients.content import ACCEPTED, recognise
from patients.models import Document, Patient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from django.core.files.uploadedfile import UploadedFile

    from accounts.models import User

_log = logging.getLogger(__name__)
_EDITABLE = frozenset({"medical_record_number", "given_name", "family_name", "date_of_birth", "sex", "email", "phone"})


def patient_create(*, medical_record_number: str, date_of_birth: date, **details: Any) -> Patient:  # noqa: ANN401
    """Record a new patient; raise ValidationError naming each field that is wrong."""
    patient = Patient()
    return patient_update(
        patient=patient,
        medical_record_number=medical_record_number,
        date_of_birth=date_of_birth,
        **details,
    )


def patient_update(*, patient: Patient, **changes: Any) -> Patient:  # noqa: ANN401 - one keyword per field
    """Change the fields given; raise ValidationError naming each field that is wrong."""
    unknown = changes.keys() - _EDITABLE
    if unknown:
        raise TypeError(f"a patient has no field {', '.join(sorted(unknown))} to change")
    for field, value in changes.items():
        setattr(patient, field, value)
    patient.full_clean()
    if patient.date_of_birth > timezone.localdate():
        raise ValidationError({"date_of_birth": "The date of birth lies in the future."})
    with _number_taken(), transaction.atomic():
        patient.save()
    return patient


@contextlib.contextmanager
def _number_taken() -> Iterator[None]:
    # Two requests may both have passed full_clean: the database has the last word.
    try:
        yield
    except IntegrityError as error:
        raise ValidationError({"medical_record_number": "Patient with this number already exists."}) from error


def document_upload(*, patient: Patient, title: str, kind: str, file: UploadedFile, uploaded_by: User) -> Document:
    """Keep a patient's file; raise ValidationError where it is too large or not of an accepted kind.

    Leaves no file behind where the record could not be written.
    """
    content_type = _accepted_content_type(file)
    document = Document(
        id=uuid.uuid4(),
        patient=patient,
        title=title,
        kind=kind,
        file=file,
        content_type=content_type,
        size=file.size,
        sha256=_digest(file),
        uploaded_by=uploaded_by,
    )
    document.full_clean()
    try:
        with transaction.atomic():
            document.save()
    except BaseException:
        _forget_file(document)
        raise
    return document


def document_delete(*, document: Document, deleted_by: User) -> None:
    """Remove a document, and its file once the removal is certain."""
    _log.info("document %s of patient %s deleted by user %s", document.pk, document.patient_id, deleted_by.pk)
    with transaction.atomic():
        transaction.on_commit(lambda: _forget_file(document))
        Document.objects.filter(pk=document.pk).delete()


def _accepted_content_type(file: UploadedFile) -> str:
    if not file.size:
        raise ValidationError({"file": "The file is empty."})
    if file.size > settings.DOCUMENT_MAX_BYTES:
        raise ValidationError({"file": f"The file has {file.size} bytes; {settings.DOCUMENT_MAX_BYTES} are allowed."})
    found = recognise(file)
    if found is None:
        raise ValidationError({"file": f"Only these kinds are accepted: {', '.join(kind.name for kind in ACCEPTED)}."})
    if PurePath(file.name or "").suffix.lower() not in found.suffixes:
        raise ValidationError(
            {"file": f"The file is {found.name}, its name must end in {' or '.join(found.suffixes)}."}
        )
    declared = (file.content_type or "").lower()
    if declared not in {found.name, "", "application/octet-stream"}:
        raise ValidationError({"file": f"The file was sent as {declared}, but it is {found.name}."})
    return found.name


def _digest(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _forget_file(document: Document) -> None:
    if not document.file or not document.file._committed:  # noqa: SLF001 - never stored, so there is nothing to remove
        return
    storage, name = document.file.storage, document.file.name
    storage.delete(name)
    # Its directory was made for this file alone.
    with contextlib.suppress(OSError):
        storage.delete(str(PurePath(name).parent))
