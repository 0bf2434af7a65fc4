"""Patients and their documents."""
