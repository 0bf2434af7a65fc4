"""Patients and documents over HTTP."""
