from __future__ import annotations

import pytest

from startup.errors import BAD_SETTINGS, StartError
from startup.options import Options, read_options


def test_nothing_set_means_the_defaults():
    assert read_options({}) == Options(migrate=True, collectstatic="collect", workers=4, port=8000, database_wait=30)


@pytest.mark.parametrize(("word", "meaning"), [("1", "collect"), ("0", "never"), ("refuse", "refuse"), ("", "collect")])
def test_collectstatic_has_three_meanings(word, meaning):
    assert read_options({"DJANGO_COLLECTSTATIC": word}).collectstatic == meaning


def test_a_superuser_needs_name_and_password():
    assert not read_options({"DJANGO_SUPERUSER_USERNAME": "root"}).superuser
    assert read_options({"DJANGO_SUPERUSER_USERNAME": "root", "DJANGO_SUPERUSER_PASSWORD": "x"}).superuser


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("DJANGO_MIGRATE", "maybe"),
        ("DJANGO_COLLECTSTATIC", "2"),
        ("WEB_CONCURRENCY", "0"),
        ("DJANGO_DATABASE_WAIT", "-1"),
        ("PORT", "x"),
    ],
)
def test_a_value_that_is_not_understood_names_its_variable(name, word):
    with pytest.raises(StartError, match=f"{name} is '{word}'") as refused:
        read_options({name: word})
    assert refused.value.exit_code == BAD_SETTINGS
