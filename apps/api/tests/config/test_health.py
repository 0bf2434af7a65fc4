from __future__ import annotations

import pytest
from django.db import OperationalError, connection


@pytest.mark.django_db
def test_a_stranger_may_ask_and_nothing_caches_the_answer():
    from django.test import Client

    answer = Client().get("/api/health/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok"})
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"


def test_a_database_that_is_down_is_a_503(monkeypatch):
    from django.test import Client

    def down(*_):
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", down)
    answer = Client().get("/api/health/")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "database": "down"})


@pytest.mark.django_db
def test_other_answers_are_503_too_while_the_database_is_down(client, monkeypatch):
    def down(*_):
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", down)
    assert client.get("/api/patients/").status_code == 503
