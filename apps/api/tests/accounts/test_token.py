from __future__ import annotations

from django.core.cache import cache
from rest_framework.test import APIClient
from rest_framework.throttling import ScopedRateThrottle

SIGN_IN = {"username": "nurse", "password": "a-long-test-password"}


def test_a_token_opens_the_api(user):
    token = APIClient().post("/api/auth/token/", SIGN_IN).json()["token"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get("/api/patients/").status_code == 200


def test_a_wrong_password_gives_no_token(user):
    assert APIClient().post("/api/auth/token/", SIGN_IN | {"password": "no"}).status_code == 400


def test_guessing_is_slowed_down(user, monkeypatch):
    cache.clear()
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"login": "2/min"})
    answers = [APIClient().post("/api/auth/token/", SIGN_IN | {"password": "no"}).status_code for _ in range(3)]
    assert answers == [400, 400, 429]
