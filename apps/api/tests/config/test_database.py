from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.database import connection_settings


def read(url: str) -> dict:
    return connection_settings(url, embedded=Path("/data/db.sqlite3"), max_age=60)


def test_without_a_url_the_embedded_file_is_used():
    settings = read("")
    assert (settings["ENGINE"], settings["NAME"]) == ("django.db.backends.sqlite3", "/data/db.sqlite3")
    assert settings["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_a_postgresql_url_gives_a_connection_with_a_short_patience():
    settings = read("postgres://emr:p%40ss@db:5433/emr?sslmode=require")
    assert (settings["USER"], settings["PASSWORD"], settings["HOST"], settings["PORT"]) == ("emr", "p@ss", "db", 5433)
    assert settings["OPTIONS"] == {"sslmode": "require", "connect_timeout": 3}
    assert settings["CONN_HEALTH_CHECKS"]


@pytest.mark.parametrize(
    "url", ["mysql://u:hidden@h/x", "postgres://u:hidden@h:port/x", "hidden", "postgres://u:hidden@h"]
)
def test_another_url_is_refused_without_repeating_its_password(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refused:
        read(url)
    assert "hidden" not in str(refused.value)
