"""Narrow lists by what the address asks for."""

from __future__ import annotations

from django_filters import rest_framework as filters

from patients.models import Document, Patient


class PatientFilter(filters.FilterSet):
    """By number, by part of the family name, by date of birth."""

    family_name = filters.CharFilter(lookup_expr="icontains")

    class Meta:
        model = Patient
        fields = ["medical_record_number", "family_name", "date_of_birth"]


class DocumentFilter(filters.FilterSet):
    """By patient and by kind."""

    class Meta:
        model = Document
        fields = ["patient", "kind"]
