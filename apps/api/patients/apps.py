"""Register the app."""

from __future__ import annotations

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """Patients and their documents."""

    name = "patients"
