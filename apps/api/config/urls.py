"""Addresses of the whole project."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from accounts.api.views import TokenView
from config.health import HealthView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/health/", HealthView.as_view(), name="health"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/auth/token/", TokenView.as_view(), name="token"),
    path("api/auth/session/", include("rest_framework.urls")),
    path("api/", include("patients.api.urls")),
]
