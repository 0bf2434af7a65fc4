"""Which registry an address belongs to."""

from __future__ import annotations

import pytest

from engine.core.login import Login, registry_host


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("debian", "docker.io"),
        ("debian:12", "docker.io"),
        ("someone/app:1", "docker.io"),
        ("docker.io", "docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("ghcr.io", "ghcr.io"),
        ("ghcr.io/x/y:1", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("localhost:5000", "localhost:5000"),
        ("localhost:5000/app:1", "localhost:5000"),
        ("localhost/app", "localhost"),
        ("registry:5000", "registry:5000"),
    ],
)
def test_an_address_leads_to_its_registry(address: str, host: str) -> None:
    assert registry_host(address) == host


def test_a_login_does_not_show_its_password() -> None:
    assert "hunter2" not in repr(Login(host="ghcr.io", username="me", password="hunter2"))
