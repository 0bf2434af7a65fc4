"""Addresses of patients and documents."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from patients.api.views import DocumentViewSet, PatientViewSet

router = SimpleRouter()
router.register("patients", PatientViewSet, basename="patient")
router.register("documents", DocumentViewSet, basename="document")

urlpatterns = router.urls
