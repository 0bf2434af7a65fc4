"""The rules of an image's configuration, each with a configuration that breaks it alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pipelines.proofs.image_config import config_rules

LABELS = {
    f"org.opencontainers.image.{name}": value
    for name, value in {
        "title": "api",
        "version": "1",
        "revision": "0" * 40,
        "created": "2026-01-01T00:00:00Z",
        "base.name": "debian",
        "base.digest": f"sha256:{'0' * 64}",
    }.items()
}
CONFIG: dict[str, Any] = {
    "config": {
        "User": "1000:1000",
        "Entrypoint": ["/opt/venv/bin/python", "-m", "startup"],
        "Cmd": ["web"],
        "Env": ["PATH=/bin"],
        "Labels": LABELS,
        "Healthcheck": {"Test": ["CMD", "/opt/venv/bin/python", "-m", "startup", "health"]},
    },
    "history": [{"created_by": "import"}],
}


def test_a_right_configuration_breaks_no_rule() -> None:
    assert [rule for rule in config_rules(CONFIG) if not rule.ok] == []


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("User", "", "the user is a number"),
        ("User", "0", "the user is a number"),
        ("User", "0:0", "the user is a number"),
        ("User", "django", "the user is a number"),
        ("Entrypoint", [], "the command is a program"),
        ("Entrypoint", ["/bin/sh", "-c", "web"], "the command is a program"),
        ("Entrypoint", ["python"], "the command is a program"),
        ("Cmd", ["bash", "-c", "web"], "the command is a program"),
        ("Healthcheck", None, "the healthcheck is a program"),
        ("Healthcheck", {"Test": ["NONE"]}, "the healthcheck is a program"),
        ("Healthcheck", {"Test": ["CMD-SHELL", "curl"]}, "the healthcheck is a program"),
        ("Healthcheck", {"Test": ["CMD", "sh", "-c", "curl"]}, "the healthcheck is a program"),
        ("Env", ["API_KEY=1"], "no variable holds a secret"),
        ("Env", ["URL=postgres://api:correcthorse@db/api"], "no variable holds a secret"),
        ("Labels", {**LABELS, "x": "glpat-abcdefghij0123456789"}, "no label holds a secret"),
        ("Labels", {**LABELS, "org.opencontainers.image.created": "today"}, "every label is there"),
        ("Labels", {**LABELS, "org.opencontainers.image.base.digest": "latest"}, "every label is there"),
    ],
)
def test_each_wrong_field_breaks_its_own_rule(field: str, value: object, rule: str) -> None:
    config = copy.deepcopy(CONFIG)
    config["config"][field] = value
    (broken,) = [found for found in config_rules(config) if not found.ok]
    assert rule in broken.says


@pytest.mark.parametrize(
    ("step", "rule"),
    [
        ("RUN DJANGO_SECRET_KEY=kf8sJd0a9sXmQ2bv7LpZ python manage.py", "no step of the history tells a secret"),
        ("RUN chown -R 1000:1000 /app", "no step of the history changes a whole tree"),
        ("RUN chmod --recursive g+w /app", "no step of the history changes a whole tree"),
    ],
)
def test_each_wrong_step_of_the_history_breaks_its_own_rule(step: str, rule: str) -> None:
    (broken,) = [found for found in config_rules({**CONFIG, "history": [{"created_by": step}]}) if not found.ok]
    assert broken.says == rule
    assert "kf8sJd0a9sXmQ2bv7LpZ" not in "".join(broken.broken)
